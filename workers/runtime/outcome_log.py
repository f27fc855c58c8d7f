"""What became of entries, told in the log: one line a take at most, with the names by which its last one is found."""

from collections.abc import Sequence

from shared.lanes.intake import INTAKE_LANES
from shared.observability.logging import get_logger
from shared.wire import receipt
from shared.wire.receipt import InvalidReceipt
from workers.lanes import DeadLettered, Rescheduled, TakenEntry
from workers.lanes.circuit_breaker import BreakerChange
from workers.lanes.status import DeadLetter
from workers.runtime.event_entry import InvalidEntry, unpack
from workers.runtime.lane_config import handler_of
from workers.runtime.steps.base import Outcomes

_log = get_logger(__name__)
_Names = dict[str, str | int]


def log_outcomes(lane: str, taken: Sequence[TakenEntry], verdicts: Outcomes, news: BreakerChange) -> None:
    """A take was settled with these verdicts, and that did this to the lane's breaker."""
    entries = {entry.id: entry for entry in taken}
    ended = [
        (entries[identity], verdict)
        for identity, verdict in verdicts
        if isinstance(verdict, Rescheduled | DeadLettered)
    ]
    # While the breaker is open, what failed at its last attempt is tried again after all.
    died = [
        (entry, each) for entry, each in ended if isinstance(each, DeadLettered) and not (each.failed and news.is_open)
    ]
    if died:
        entry, last = died[-1]
        _tell_dead(len(died), last.why, last.error, _names(lane, entry.data, entry.attempts + 1))
    if news.opened_after:
        *_, entry = (entry for entry, verdict in ended if verdict.failed)
        names = _names(lane, entry.data, entry.attempts + 1)
        text = "a handler fails for everyone; its lane's breaker is open"
        _log.error(text, error=news.error, streak=news.opened_after, **names)
    if news.closed_after_ms is not None:
        text = "a handler does well again; its lane's breaker is closed"
        _log.info(text, seconds=news.closed_after_ms / 1000, **_lane(lane))


def log_poisoned(letter: DeadLetter, events: int) -> None:
    """So many entries of a lane had killed their holders too often. This is the last of them."""
    _tell_dead(events, letter.why, letter.error, _names(letter.lane, letter.data, letter.attempts))


def _tell_dead(events: int, why: str, error: str, names: _Names) -> None:
    _log.error("events became dead letters", events=events, why=why, error=error, **names)


def _names(lane: str, data: bytes, attempt: int) -> _Names:
    """Lane, handler, attempt, receipt and event key. Bytes that are not what they should be tell less."""
    found = _lane(lane) | {"attempt": attempt}
    try:
        if lane in INTAKE_LANES:
            return found | {"receipt": receipt.unpack(data).id}
        entry = unpack(data)
    except (InvalidReceipt, InvalidEntry):
        return found
    return found | {"receipt": entry.receipt, "event_key": entry.item.key}


def _lane(lane: str) -> _Names:
    handler = handler_of(lane)
    return {"lane": lane, "handler": handler} if handler else {"lane": lane}
