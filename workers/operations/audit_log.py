"""What was done by whom: each action is a line of the log and an entry of a bounded stream in Redis."""

from datetime import datetime
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError

from shared.observability.logging import get_logger
from workers.operations.format import datetime_from_ms

_log = get_logger("workers.operations.audit_log")
AUDIT_KEY = "sluice:console:audit"
_MAX_ENTRIES = 10_000


class AuditEntry(NamedTuple):
    """One action."""

    id: str
    at: datetime | None
    who: str  # address and the first characters of the session's id: all sign in with one password
    action: str
    subject: str
    affected: str  # how many were concerned; empty where nothing is counted


class Actor(NamedTuple):
    """Who acts."""

    address: str
    session: str


def record(client: redis.Redis, actor: Actor, what: str, about: str = "", count: int | None = None) -> None:
    """Notes an action. Where Redis does not take it, the log has it."""
    _log.info("console", action=what, about=about, count=count, address=actor.address, session=actor.session)
    fields = {"who": f"{actor.address} ({actor.session})", "what": what, "about": about}
    if count is not None:
        fields["count"] = str(count)
    written: dict[Any, Any] = {name: value.encode("utf-8", "backslashreplace") for name, value in fields.items()}
    try:
        client.xadd(AUDIT_KEY, written, maxlen=_MAX_ENTRIES, approximate=True)
    except (RedisError, OSError) as error:
        _log.warning("this action is noted in the log alone", reason=str(error))


def entries(client: redis.Redis, before: str = "", limit: int = 100) -> list[AuditEntry]:
    """The latest actions, the newest first; `before`: those older than the one of that id. Raises RedisError."""
    found: Any = client.xrevrange(AUDIT_KEY, f"({before}" if before else "+", "-", count=limit)
    return [_entry(identity.decode(), fields) for identity, fields in found]


def _entry(identity: str, fields: dict[bytes, bytes]) -> AuditEntry:
    who, what, about, count = (
        fields.get(name, b"").decode("utf-8", "replace") for name in (b"who", b"what", b"about", b"count")
    )
    return AuditEntry(identity, datetime_from_ms(int(identity.partition("-")[0])), who, what, about, count)
