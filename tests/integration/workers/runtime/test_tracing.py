"""Each run of a message in a lane is a span, and what follows from it carries on its trace."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from shared.errors import Reject, Retry, Unavailable
from shared.observability.tracing.provider import Tracing
from shared.wire.receipt import Receipt, pack
from tests.support.tracing.fixtures import Named
from tests.support.tracing.reading import OTHER, RECORDED, failure, ids, links, own, parent, says
from workers.events import Event
from workers.handlers.registry import Handler
from workers.lanes import (
    Completed,
    DeadLettered,
    Lanes,
    LaneSpec,
    Outcome,
    Released,
    Rescheduled,
    TakenEntry,
    TakeTimings,
)
from workers.parsing import RawEvent
from workers.runtime import event_entry
from workers.runtime.drain import Drain, settle_in
from workers.runtime.event_entry import EventEntry
from workers.runtime.steps.base import Outcomes
from workers.runtime.steps.classify import ClassifyStep
from workers.runtime.steps.handler_call import handler_call
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.tracing import failure as why
from workers.runtime.tracing import lane_tracing

TEXT = {"id": "wamid.t", "type": "text", "from": "919800000001", "text": {"body": "half an emoji: \ud83d"}}
SENT = {"id": "wamid.s", "status": "sent", "recipient_id": "919800000001"}
LANES = {"text": ("text.greet",), "sent": ("sent.count",)}


def receipt(body: Any, context: str, number: int = 1) -> TakenEntry:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return TakenEntry(b"%d-0" % number, pack(Receipt(f"{number:024x}", 1, "", data, context)))


def event(context: str, number: int = 1, *, attempts: int = 0) -> TakenEntry:
    item = RawEvent("message", "text", f"m:text:wamid.{number}", TEXT | {"id": f"wamid.{number}"})
    return TakenEntry(
        b"%d-0" % number, event_entry.encode_entry(EventEntry(item, f"{number:024x}", 1, trace=context)), attempts
    )


def run(tracing: Tracing, act: Callable[[Any], object], *taken: TakenEntry, batch: bool = False) -> Outcomes:
    handler = Handler("text", "greet", act, batch, Retry(attempts=2, base=0, cap=0), "messages", 30)  # type: ignore[arg-type]
    step = RunHandlerStep(handler, handler_call(handler, lane_tracing(tracing, handler.lane).call))
    return step.run(taken, lambda: False, TakeTimings())


def onward(verdict: Outcome) -> list[str]:
    assert isinstance(verdict, Completed)
    return [event_entry.entry_origin(following.data).trace for following in verdict.follow_ups]


def test_what_a_webhook_holds_is_a_part_of_its_trace(tracing: Tracing, named: Named) -> None:
    work = lane_tracing(tracing, "intake").step(ClassifyStep(LANES, None))
    [(_, verdict)] = work.run(
        [receipt({"messages": [TEXT], "statuses": [SENT]}, RECORDED)], lambda: False, TakeTimings()
    )
    [span] = named("process intake")
    assert parent(span) == ids(RECORDED)
    assert [ids(context) for context in onward(verdict)] == [own(span)] * 2
    assert says(span)["messaging.message.id"] == f"{1:024x}"


def test_webhooks_that_are_classified_together_stay_apart(tracing: Tracing, named: Named) -> None:
    taken = [receipt({"messages": [TEXT]}, RECORDED, 1), receipt(b"{", OTHER, 2), receipt({"messages": [TEXT]}, "", 3)]
    verdicts = lane_tracing(tracing, "intake").step(ClassifyStep(LANES, None)).run(taken, lambda: False, TakeTimings())
    first, second, common = named("process intake")
    assert [parent(span) for span in (first, second)] == [ids(RECORDED), ids(OTHER)]
    assert [failure(span) for span in (first, second, common)] == ["", "undecodable", ""]
    assert [onward(verdict) for _, verdict in verdicts if isinstance(verdict, Completed)] == [
        [f"00-{own(first)[0]}-{own(first)[1]}-01"],
        [""],
    ]


def test_without_spans_of_its_own_a_worker_hands_on_the_trace_as_it_came() -> None:
    [(_, verdict)] = ClassifyStep(LANES, None).run(
        [receipt({"messages": [TEXT]}, RECORDED)], lambda: False, TakeTimings()
    )
    assert onward(verdict) == [RECORDED]


def test_a_webhook_that_is_no_receipt_is_a_dead_letter_without_a_span(tracing: Tracing, named: Named) -> None:
    [(_, verdict)] = (
        lane_tracing(tracing, "intake")
        .step(ClassifyStep(LANES, None))
        .run([TakenEntry(b"1-0", b"x")], lambda: False, TakeTimings())
    )
    assert isinstance(verdict, DeadLettered)
    assert named() == []


class Onward:
    """Stands for the media lane's work: hands on what it is given."""

    def run(self, taken: Sequence[TakenEntry], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        return [(entry.id, Rescheduled(1.0, event_entry.entry_origin(entry.data).trace)) for entry in taken]


def test_what_comes_by_way_of_the_media_lane_is_a_part_of_its_span(tracing: Tracing, named: Named) -> None:
    [(_, verdict), (_, broken)] = (
        lane_tracing(tracing, "media")
        .step(Onward())
        .run([event(RECORDED, attempts=2), TakenEntry(b"9-0", b"{")], lambda: False, TakeTimings())
    )
    [span] = named("process media")
    assert isinstance(verdict, Rescheduled)
    assert isinstance(broken, Rescheduled)
    assert (ids(verdict.error), parent(span), broken.error) == (own(span), ids(RECORDED), "")
    assert (says(span)["sluice.attempt"], failure(span)) == (3, "again")


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Completed(), ""),
        (Released(), ""),
        (DeadLettered("rejected", "919800000001"), "rejected"),
        (Rescheduled(1.0, "503"), "again"),
        (Rescheduled(1.0, "too many lookups failed lately", counted=False), ""),
    ],
)
def test_a_run_that_was_none_has_not_failed(verdict: Outcome, kind: str) -> None:
    assert why(verdict) == kind


def test_each_attempt_is_a_span_and_the_current_one_while_it_runs(tracing: Tracing, named: Named) -> None:
    seen: list[trace.SpanContext] = []

    def greet(event: Event) -> None:
        seen.append(trace.get_current_span().get_span_context())
        if event.attempt == 1:
            raise ConnectionError(f"no answer from {event.raw}")

    run(tracing, greet, event(RECORDED))
    run(tracing, greet, event(RECORDED, attempts=1))
    first, second = named("process text.greet")
    assert [span.context for span in (first, second)] == seen
    assert [parent(span) for span in (first, second)] == [ids(RECORDED)] * 2
    assert [says(span)["sluice.attempt"] for span in (first, second)] == [1, 2]
    assert [failure(span) for span in (first, second)] == ["ConnectionError", ""]
    assert not [span for span in named() if "919800000001" in span.to_json() or "emoji" in span.to_json()]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Reject("no"), "Reject"),
        (Retry(), "Retry"),
        (Retry.after(30), ""),  # it has answered: later
        (SystemExit(1), "SystemExit"),
    ],
)
def test_a_handler_that_asks_for_a_time_has_not_failed(
    tracing: Tracing, named: Named, error: BaseException, kind: str
) -> None:
    def greet(event: Event) -> None:
        raise error

    run(tracing, greet, event(RECORDED))
    [span] = named()
    assert failure(span) == kind


def test_an_outage_is_an_error_of_the_run_that_met_it(tracing: Tracing, named: Named) -> None:
    def greet(event: Event) -> None:
        raise Unavailable("the CRM is down")

    with pytest.raises(Unavailable):
        run(tracing, greet, event(RECORDED), event(OTHER, 2))
    assert [(parent(span), failure(span)) for span in named()] == [(ids(RECORDED), "Unavailable")]


def test_a_batch_that_is_halved_has_spans_for_each_run_of_the_culprit(tracing: Tracing, named: Named) -> None:
    def greet(events: list[Event]) -> None:
        if any(event.key.endswith(".2") for event in events):
            raise ValueError

    verdicts = run(tracing, greet, event(RECORDED, 1), event(OTHER, 2), batch=True)
    assert [type(verdict) for _, verdict in verdicts] == [Completed, Rescheduled]

    def of(context: str) -> list[ReadableSpan]:
        return [span for span in named() if parent(span) == ids(context)]

    [common] = [span for span in named() if parent(span) is None]
    assert links(common) == [ids(RECORDED), ids(OTHER)]
    assert [(failure(span), links(span)) for span in of(OTHER)] == [
        ("ValueError", [own(common)]),
        ("ValueError", []),  # alone
    ]
    assert [failure(span) for span in of(RECORDED)] == ["ValueError", ""]


def test_settling_is_linked_to_all_that_is_settled(
    tracing: Tracing, named: Named, lanes: Lanes, client: redis.Redis
) -> None:
    lanes.register([LaneSpec("text.greet", "messages", 10, 60_000)])
    lanes.push("text.greet", [event(RECORDED, 1).data, event(OTHER, 2).data, event("", 3).data])
    handler = Handler("text", "greet", lambda event: None, False, Retry(), "messages", 30)
    spans = lane_tracing(tracing, handler.lane)
    step = RunHandlerStep(handler, handler_call(handler, spans.call))
    settle_traced = spans.settle(settle_in(lanes, handler.lane))
    assert Drain(handler.lane, lanes, step, "me", batch=10, budget=1, settle=settle_traced).run() == 3
    [settle] = named("settle text.greet")
    assert links(settle) == [ids(RECORDED), ids(OTHER)]
    assert [parent(span) for span in named("process text.greet")] == [ids(RECORDED), ids(OTHER)]
