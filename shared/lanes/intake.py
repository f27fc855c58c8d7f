"""Which intake lane a webhook waits in. A customer's message must not wait behind a campaign's statuses, and a few
huge webhooks must not be taken in batches of hundreds."""

from typing import Any

from shared.redis.scripts import read_script

#: Everything that may hold a customer's message.
INTAKE = "intake"
#: Webhooks that hold statuses and nothing else.
INTAKE_STATUSES = "intake.statuses"
#: Webhooks of over LARGE bytes, taken few at a time.
INTAKE_LARGE = "intake.large"
LARGE_WEBHOOK_BYTES = 32 * 1024
INTAKE_LANES = (INTAKE, INTAKE_STATUSES, INTAKE_LARGE)


def lane_of(document: Any, size: int) -> str:
    """The lane for a webhook of that JSON value and size in bytes. Total: takes any value."""
    if size > LARGE_WEBHOOK_BYTES:
        return INTAKE_LARGE
    if not isinstance(document, dict):
        return INTAKE
    if "entry" in document:
        return INTAKE_STATUSES if _only_statuses(document["entry"]) else INTAKE
    return INTAKE_STATUSES if "statuses" in document and not document.get("messages") else INTAKE


def _only_statuses(entries: Any) -> bool:
    """Whether all of Meta's `entry[].changes[].value` hold statuses and no messages."""
    if not isinstance(entries, list) or not entries:
        return False
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list) or not changes:
            return False
        for change in changes:
            value = change.get("value") if isinstance(change, dict) else None
            if not isinstance(value, dict) or "statuses" not in value or value.get("messages"):
                return False
    return True


def push_script() -> str:
    """Return the Lua script that adds entries to a lane and wakes its workers."""
    return f"{read_script(__package__, 'common')}\n{read_script(__package__, 'push')}"
