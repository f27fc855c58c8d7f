"""The audit log: who did what in the console."""

import re

from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import context_of
from workers.operations import audit_log

_PAGE_SIZE = 100
_ENTRY_ID = re.compile(r"\d{1,16}-\d{1,10}")


async def audit_page(request: Request) -> Response:
    """Show the audit log, the newest action first."""
    console = context_of(request)
    before = request.query_params.get("before", "")
    if not _ENTRY_ID.fullmatch(before):
        before = ""
    entries = await console.run_redis(audit_log.entries, console.redis, before, _PAGE_SIZE)
    older = f"/audit?before={entries[-1].id}" if len(entries) == _PAGE_SIZE else ""
    return console.render(request, "audit.html", entries=entries, older=older, is_first=not before)
