"""The intake lanes, and which of them a webhook waits in.

A customer's message must not wait behind a campaign's statuses, and large webhooks must not be taken in batches of
hundreds.
"""

from typing import Any

from shared.redis.scripts import read_script

#: Everything that may contain a customer's message.
INTAKE = "intake"
#: Webhooks that contain only statuses.
INTAKE_STATUSES = "intake.statuses"
#: Webhooks larger than LARGE_WEBHOOK_BYTES. A few are taken at a time.
INTAKE_LARGE = "intake.large"
INTAKE_LANES = (INTAKE, INTAKE_STATUSES, INTAKE_LARGE)
LARGE_WEBHOOK_BYTES = 32 * 1024


def lane_of(document: Any, size: int) -> str:
    """Return the lane for a webhook with this JSON value and size in bytes. Accepts any value."""
    if size > LARGE_WEBHOOK_BYTES:
        return INTAKE_LARGE
    if not isinstance(document, dict):
        return INTAKE
    if "entry" in document:
        return INTAKE_STATUSES if _has_only_statuses(document["entry"]) else INTAKE
    return INTAKE_STATUSES if "statuses" in document and not document.get("messages") else INTAKE


def _has_only_statuses(entries: Any) -> bool:
    """Return whether all of Meta's `entry[].changes[].value` contain statuses and no messages."""
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
