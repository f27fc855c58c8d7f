"""Log what goes wrong with entries: at most one line per take, with the names of the last event concerned."""

from shared.lanes.intake import INTAKE_LANES
from shared.observability.logging import get_logger
from shared.wire import receipt
from shared.wire.receipt import InvalidReceipt
from workers.lanes import DeadLettered, Rescheduled
from workers.lanes.records import DeadLetter
from workers.runtime.event_entry import InvalidEntry, decode_entry
from workers.runtime.lane_config import handler_name
from workers.runtime.steps.base import SettledTake

_log = get_logger(__name__)
_Fields = dict[str, str | int]


def log_outcomes(take: SettledTake) -> None:
    """Log a take's dead letters, and the opening or closing of the lane's circuit breaker."""
    entries = {entry.id: entry for entry in take.entries}
    breaker = take.breaker
    failed = [
        (entries[entry_id], outcome)
        for entry_id, outcome in take.outcomes
        if isinstance(outcome, Rescheduled | DeadLettered)
    ]
    # While the breaker is open, events that failed at their last attempt are retried after all.
    dead = [
        (entry, outcome)
        for entry, outcome in failed
        if isinstance(outcome, DeadLettered) and not (outcome.failed and breaker.is_open)
    ]
    if dead:
        entry, last = dead[-1]
        _log_dead_letters(len(dead), last.why, last.error, _fields(take.lane, entry.data, entry.attempts + 1))
    if breaker.opened_after:
        *_, entry = (entry for entry, outcome in failed if outcome.failed)
        _log.error(
            "handler fails for every event; circuit breaker opened, the lane waits",
            error=breaker.error,
            streak=breaker.opened_after,
            **_fields(take.lane, entry.data, entry.attempts + 1),
        )
    if breaker.closed_after_ms is not None:
        _log.info(
            "handler works again; circuit breaker closed",
            seconds=breaker.closed_after_ms / 1000,
            **_lane_fields(take.lane),
        )


def log_poisoned(letter: DeadLetter, events: int) -> None:
    """Log that `events` entries became dead letters because their processes kept dying; `letter` is the last one."""
    _log_dead_letters(events, letter.why, letter.error, _fields(letter.lane, letter.data, letter.attempts))


def _log_dead_letters(events: int, why: str, error: str, fields: _Fields) -> None:
    _log.error("events became dead letters", events=events, why=why, error=error, **fields)


def _fields(lane: str, data: bytes, attempt: int) -> _Fields:
    """Return lane, handler, attempt, receipt and event key; without the last two if `data` cannot be read."""
    fields = _lane_fields(lane) | {"attempt": attempt}
    try:
        if lane in INTAKE_LANES:
            return fields | {"receipt": receipt.unpack(data).id}
        entry = decode_entry(data)
    except (InvalidReceipt, InvalidEntry):
        return fields
    return fields | {"receipt": entry.receipt, "event_key": entry.raw_event.key}


def _lane_fields(lane: str) -> _Fields:
    handler = handler_name(lane)
    return {"lane": lane, "handler": handler} if handler else {"lane": lane}
