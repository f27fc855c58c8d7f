"""Lane work with spans, where traces are wanted: one a run of a message, in that message's own trace."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from shared.errors import Retry
from shared.lanes.intake import INTAKE_LANES
from shared.observability.tracing import ProcessedMessage
from shared.wire import receipt as receipts
from shared.wire.receipt import InvalidReceipt
from workers.handlers.registry import Handler
from workers.lanes import DeadLettered, Outcome, Rescheduled, TakenEntry, TakeTimings
from workers.runtime import event_entry
from workers.runtime.event_entry import InvalidEntry, Origin
from workers.runtime.steps.base import Outcomes, Step
from workers.runtime.steps.run_handler import Job, RunHandlerStep

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing


class TracedHandlerWork(RunHandlerStep):
    """Runs one handler; each of its runs is a span, and the current one while it runs."""

    def __init__(self, handler: Handler, tracing: "Tracing") -> None:
        super().__init__(handler)
        self._tracing = tracing

    def _call(self, jobs: list[Job]) -> BaseException | None:
        messages = _messages([entry for entry, _ in jobs], event_entry.origin)
        with self._tracing.process(self._handler.lane, messages) as spans:
            error = super()._call(jobs)
            if error is not None and not _asked_for_a_time(error):
                for span in spans:
                    span.failed(type(error).__qualname__)
        return error


class TracedWork:
    """The work of the intake or the media lanes; what follows from a message carries on the trace of its span."""

    def __init__(self, lane: str, work: Step, tracing: "Tracing") -> None:
        self._lane = lane
        self._work = work
        self._tracing = tracing
        self._form = _form(lane)

    def run(self, entries: Sequence[TakenEntry], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        """See Step."""
        with self._tracing.process(self._lane, _messages(entries, self._form.origin)) as spans:
            by_id = {entry.id: span for entry, span in zip(entries, spans, strict=True)}
            onward = [self._onward(entry, by_id[entry.id].trace) for entry in entries]
            verdicts = self._work.run(onward, spent, measures)
            for identity, verdict in verdicts:
                if kind := failure(verdict):
                    by_id[identity].failed(kind)
        return verdicts

    def _onward(self, entry: TakenEntry, trace: str) -> TakenEntry:
        return entry._replace(data=self._form.onward(entry.data, trace)) if trace else entry


def settling(tracing: "Tracing", lane: str, taken: Sequence[TakenEntry]) -> AbstractContextManager[None]:
    """What the settling of these entries of the lane runs in."""
    origin = _form(lane).origin
    return tracing.operation("settle", lane, [origin(entry.data).trace for entry in taken])


def failure(verdict: Outcome) -> str:
    """Why a run with that end did not do, in a word; empty where it did, or was none. Pure."""
    match verdict:
        case DeadLettered(why):
            return why
        case Rescheduled(counted=True):
            return "again"
        case _:
            return ""


class _Form(NamedTuple):
    """How a lane's entries are read, and changed into ones of another trace. Neither raises."""

    origin: Callable[[bytes], Origin]
    onward: Callable[[bytes, str], bytes]


def _form(lane: str) -> _Form:
    return _Form(_of_receipt, _traced_receipt) if lane in INTAKE_LANES else _Form(event_entry.origin, _traced_entry)


def _messages(taken: Sequence[TakenEntry], origin: Callable[[bytes], Origin]) -> list[ProcessedMessage]:
    found = [(origin(entry.data), entry.attempts + 1) for entry in taken]
    return [ProcessedMessage(came.trace, came.receipt, attempt) for came, attempt in found]


def _of_receipt(data: bytes) -> Origin:
    with suppress(InvalidReceipt):
        receipt = receipts.unpack(data)
        return Origin(receipt.id, receipt.trace)
    return Origin()


def _traced_receipt(data: bytes, trace: str) -> bytes:
    return receipts.pack(receipts.unpack(data)._replace(trace=trace))


def _traced_entry(data: bytes, trace: str) -> bytes:
    try:
        return event_entry.pack(replace(event_entry.unpack(data), trace=trace))
    except InvalidEntry:
        return data


def _asked_for_a_time(error: BaseException) -> bool:
    return isinstance(error, Retry) and error.delay is not None
