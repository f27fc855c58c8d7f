"""Who did what with this console."""

import re

from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import context_of
from workers.operations import audit_log

_AT_ONCE = 100
_ID = re.compile(r"\d{1,16}-\d{1,10}")


async def page(request: Request) -> Response:
    """The newest first."""
    here = context_of(request)
    before = request.query_params.get("before", "")
    if not _ID.fullmatch(before):
        before = ""
    found = await here.run_redis(audit_log.entries, here.redis, before, _AT_ONCE)
    older = f"/audit?before={found[-1].id}" if len(found) == _AT_ONCE else ""
    return here.render(request, "audit.html", entries=found, older=older, is_first=not before)
