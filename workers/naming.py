"""By what names an entry goes in the log, so that it is found again: receipt, event key, attempt, and its handler."""

from shared import receipts
from shared.lanes import Taken
from shared.receipts import BadReceipt
from workers.entries import BadEntry, unpack
from workers.plan import INTAKE_LANES, handler_of

Names = dict[str, str | int]


def of_entry(lane: str, entry: Taken) -> Names:
    """What an entry of a lane was when it was taken. Where its bytes are not what they should be, they tell less."""
    names: Names = {"attempt": entry.attempts + 1}
    if handler := handler_of(lane):
        names["handler"] = handler
    return names | _of_bytes(lane, entry.data)


def _of_bytes(lane: str, data: bytes) -> Names:
    try:
        if lane in INTAKE_LANES:
            return {"receipt": receipts.unpack(data).id}
        found = unpack(data)
    except (BadReceipt, BadEntry):
        return {}
    return {"receipt": found.receipt, "event_key": found.item.key}
