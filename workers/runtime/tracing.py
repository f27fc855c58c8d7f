"""Spans around the work of a lane: one per run of an entry, in the trace that the entry belongs to."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec.structs import replace

from shared.errors import Retry
from shared.lanes.intake import INTAKE_LANES
from shared.observability.tracing import ProcessedMessage
from shared.wire import receipt as receipts
from shared.wire.receipt import InvalidReceipt
from workers.lanes import DeadLettered, Outcome, Rescheduled, TakenEntry, TakeTimings
from workers.lanes.client import Settled
from workers.runtime import event_entry
from workers.runtime.event_entry import InvalidEntry, Origin
from workers.runtime.steps.base import Outcomes, Settle, Step, Take
from workers.runtime.steps.handler_call import HandlerCall, Job

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_Part = TypeVar("_Part")


def _unchanged(part: _Part) -> _Part:
    return part


class LaneTracing(NamedTuple):
    """Wrappers that add spans to the parts of a lane's work. By default they add nothing."""

    step: Callable[[Step], Step] = _unchanged  # of an intake lane or the media lane
    call: Callable[[HandlerCall], HandlerCall] = _unchanged
    settle: Callable[[Settle], Settle] = _unchanged


def lane_tracing(tracing: "Tracing | None", lane: str) -> LaneTracing:
    """Return the lane's tracing wrappers; without `tracing`, wrappers that add nothing."""
    if tracing is None:
        return LaneTracing()
    form = _RECEIPTS if lane in INTAKE_LANES else _EVENTS
    return LaneTracing(
        step=lambda step: _TracedStep(tracing, lane, form, step),
        call=lambda call: _trace_call(tracing, lane, call),
        settle=lambda settle: _trace_settle(tracing, lane, form, settle),
    )


def failure(outcome: Outcome) -> str:
    """Return why the run failed, as one word; empty if it succeeded or was not a run at all."""
    match outcome:
        case DeadLettered(why):
            return why
        case Rescheduled(counted=True):
            return "again"
        case _:
            return ""


class _Format(NamedTuple):
    """How a lane's entries are read, and moved to another trace. Neither function raises."""

    origin: Callable[[bytes], Origin]
    with_trace: Callable[[bytes, str], bytes]


class _TracedStep:
    """A step whose entries get a span each. What follows from an entry continues the trace of its span."""

    def __init__(self, tracing: "Tracing", lane: str, form: _Format, step: Step) -> None:
        self._tracing = tracing
        self._lane = lane
        self._form = form
        self._step = step

    def run(self, entries: Sequence[TakenEntry], out_of_time: Callable[[], bool], timings: TakeTimings) -> Outcomes:
        """See Step."""
        with self._tracing.process(self._lane, _messages(entries, self._form.origin)) as spans:
            by_id = {entry.id: span for entry, span in zip(entries, spans, strict=True)}
            moved = [self._with_trace(entry, by_id[entry.id].trace) for entry in entries]
            outcomes = self._step.run(moved, out_of_time, timings)
            for entry_id, outcome in outcomes:
                if reason := failure(outcome):
                    by_id[entry_id].failed(reason)
        return outcomes

    def _with_trace(self, entry: TakenEntry, trace: str) -> TakenEntry:
        return entry._replace(data=self._form.with_trace(entry.data, trace)) if trace else entry


def _trace_call(tracing: "Tracing", lane: str, call: HandlerCall) -> HandlerCall:
    def traced(jobs: list[Job], timings: TakeTimings) -> BaseException | None:
        with tracing.process(lane, _messages([entry for entry, _ in jobs], event_entry.entry_origin)) as spans:
            error = call(jobs, timings)
            if error is not None and not _asked_for_delay(error):
                for span in spans:
                    span.failed(type(error).__qualname__)
        return error

    return traced


def _trace_settle(tracing: "Tracing", lane: str, form: _Format, settle: Settle) -> Settle:
    def traced(take: Take, outcomes: Outcomes, timings: TakeTimings) -> Settled:
        with tracing.operation("settle", lane, [form.origin(entry.data).trace for entry in take.entries]):
            return settle(take, outcomes, timings)

    return traced


def _messages(entries: Sequence[TakenEntry], origin: Callable[[bytes], Origin]) -> list[ProcessedMessage]:
    origins = [(origin(entry.data), entry.attempts + 1) for entry in entries]
    return [ProcessedMessage(each.trace, each.receipt, attempt) for each, attempt in origins]


def _receipt_origin(data: bytes) -> Origin:
    with suppress(InvalidReceipt):
        receipt = receipts.unpack(data)
        return Origin(receipt.id, receipt.trace)
    return Origin()


def _receipt_with_trace(data: bytes, trace: str) -> bytes:
    return receipts.pack(receipts.unpack(data)._replace(trace=trace))


def _event_with_trace(data: bytes, trace: str) -> bytes:
    try:
        return event_entry.encode_entry(replace(event_entry.decode_entry(data), trace=trace))
    except InvalidEntry:
        return data


_RECEIPTS = _Format(_receipt_origin, _receipt_with_trace)
_EVENTS = _Format(event_entry.entry_origin, _event_with_trace)


def _asked_for_delay(error: BaseException) -> bool:
    return isinstance(error, Retry) and error.delay is not None
