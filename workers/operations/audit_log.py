"""The audit log: each action of an operator is a log line and an entry of a bounded stream in Redis."""

from datetime import datetime
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError

from shared.observability.logging import get_logger
from workers.operations.format import datetime_from_ms

_log = get_logger("workers.operations.audit_log")
AUDIT_KEY = "sluice:console:audit"
_MAX_ENTRIES = 10_000


class Actor(NamedTuple):
    """The operator who acts. All sign in with one password, so address and session are all that is known."""

    address: str
    session: str  # the first characters of the session's id


class AuditEntry(NamedTuple):
    """One recorded action."""

    id: str
    at: datetime | None
    who: str
    action: str
    subject: str
    affected: str  # how many were affected; empty if nothing was counted


def record(client: redis.Redis, actor: Actor, action: str, subject: str = "", affected: int | None = None) -> None:
    """Record an action. While Redis does not accept it, only the log has it; nothing is raised."""
    _log.info("console", action=action, about=subject, count=affected, address=actor.address, session=actor.session)
    fields = {"who": f"{actor.address} ({actor.session})", "what": action, "about": subject}
    if affected is not None:
        fields["count"] = str(affected)
    encoded: dict[Any, Any] = {name: value.encode("utf-8", "backslashreplace") for name, value in fields.items()}
    try:
        client.xadd(AUDIT_KEY, encoded, maxlen=_MAX_ENTRIES, approximate=True)
    except (RedisError, OSError) as error:
        _log.warning("this action is recorded in the log only", reason=str(error))


def entries(client: redis.Redis, before: str = "", limit: int = 100) -> list[AuditEntry]:
    """Return the latest actions, the newest first. `before`: only those older than this id. Raises RedisError."""
    records: Any = client.xrevrange(AUDIT_KEY, f"({before}" if before else "+", "-", count=limit)
    return [_parse(identity.decode(), fields) for identity, fields in records]


def _parse(identity: str, fields: dict[bytes, bytes]) -> AuditEntry:
    who, action, subject, affected = (
        fields.get(name, b"").decode("utf-8", "replace") for name in (b"who", b"what", b"about", b"count")
    )
    return AuditEntry(identity, datetime_from_ms(int(identity.partition("-")[0])), who, action, subject, affected)
