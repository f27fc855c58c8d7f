"""Each message's span is in its own trace; what messages share is linked to them."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind

from shared.observability.tracing import ProcessedMessage
from shared.observability.tracing.provider import Tracing
from tests.support.tracing.fixtures import Named
from tests.support.tracing.reading import OTHER, RECORDED, UNRECORDED, failure, ids, links, own, parent, says

ONE = ProcessedMessage(RECORDED, "00ff", 1)
TWO = ProcessedMessage(OTHER, "00aa", 3)
SILENT = ProcessedMessage(UNRECORDED, "00bb", 1)
NONE = ProcessedMessage("", "00cc", 1)


def test_a_message_alone_has_one_span_in_its_trace(tracing: Tracing, named: Named) -> None:
    with tracing.process("text.greet", [TWO]) as [processing]:
        onward = processing.trace
    [span] = named()
    assert (span.name, span.kind, parent(span), links(span)) == (
        "process text.greet",
        SpanKind.CONSUMER,
        ids(OTHER),
        [],
    )
    assert ids(onward) == own(span)
    assert says(span) == {
        "messaging.system": "sluice",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "text.greet",
        "messaging.message.id": "00aa",
        "sluice.attempt": 3,
    }


def test_messages_together_have_each_a_span_and_one_in_common_that_is_linked_to_all(
    tracing: Tracing, named: Named
) -> None:
    with tracing.process("sent.count", [ONE, TWO]):
        pass
    first, second, common = named("process sent.count")
    assert [parent(span) for span in (first, second, common)] == [ids(RECORDED), ids(OTHER), None]
    assert links(common) == [ids(RECORDED), ids(OTHER)]
    assert links(first) == links(second) == [own(common)]
    assert says(common)["messaging.batch.message_count"] == 2
    assert "messaging.message.id" not in says(common)


def test_what_runs_meanwhile_is_a_part_of_the_message_or_of_the_batch(tracing: Tracing, named: Named) -> None:
    def inner() -> tuple[str, str]:
        context = trace.get_current_span().get_span_context()
        return f"{context.trace_id:032x}", f"{context.span_id:016x}"

    with tracing.process("text.greet", [ONE]):
        alone = inner()
    with tracing.process("text.greet", [ONE, TWO]):
        together = inner()
    assert not trace.get_current_span().get_span_context().is_valid
    single, *_, common = named()
    assert (alone, together) == (own(single), own(common))


def test_a_message_of_no_trace_has_no_span_and_disturbs_no_other(tracing: Tracing, named: Named) -> None:
    with tracing.process("text.greet", [NONE]) as [processing]:
        processing.failed("ValueError")
    assert (processing.trace, named()) == ("", [])
    with tracing.process("sent.count", [NONE, ONE, NONE]) as found:
        pass
    [span] = named()
    assert (parent(span), links(span)) == (ids(RECORDED), [])
    assert [bool(each.trace) for each in found] == [False, True, False]


def test_what_its_sender_does_not_record_is_not_recorded_and_says_so_to_what_follows(
    tracing: Tracing, named: Named
) -> None:
    with tracing.process("intake", [SILENT]) as [alone]:
        pass
    with tracing.process("intake", [SILENT, SILENT]) as [first, second]:
        assert not trace.get_current_span().get_span_context().trace_flags.sampled
        assert trace.get_current_span().get_span_context().is_valid  # what a handler calls begins no trace either
    assert named() == []
    assert {(each.trace[3:35], each.trace[-2:]) for each in (alone, first, second)} == {(ids(UNRECORDED)[0], "00")}


@pytest.mark.parametrize("sampler", [ParentBased(ALWAYS_OFF)])
def test_what_messages_share_is_recorded_if_any_of_them_is(tracing: Tracing, named: Named) -> None:
    with tracing.process("sent.count", [SILENT, ONE, SILENT]):
        pass
    [span, common] = named()
    assert (parent(span), links(common)) == (ids(RECORDED), [ids(RECORDED)])
    assert says(common)["messaging.batch.message_count"] == 3


def test_a_run_that_failed_says_of_what_kind_and_not_why(tracing: Tracing, named: Named) -> None:
    with tracing.process("text.greet", [ONE]) as [processing]:
        processing.failed("ConnectionError")
    with tracing.process("sent.count", [ONE, TWO]) as [first, _]:
        first.failed("ValueError")
    with tracing.process("sent.count", [ONE, TWO]) as both:
        for each in both:
            each.failed("ValueError")
    assert [failure(span) for span in named()] == ["ConnectionError", "ValueError", "", "", *["ValueError"] * 3]


def test_what_is_raised_ends_all_spans_and_goes_on(tracing: Tracing, named: Named) -> None:
    with pytest.raises(KeyboardInterrupt), tracing.process("sent.count", [ONE, TWO]):
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="919800000001"), tracing.operation("settle", "sent.count", [RECORDED, OTHER]):
        raise OSError("919800000001")
    assert [failure(span) for span in named()] == [*["KeyboardInterrupt"] * 3, "OSError"]
    assert [event for span in named() for event in span.events] == []


def test_what_is_done_at_once_is_linked_to_all_it_is_done_to(tracing: Tracing, named: Named) -> None:
    with tracing.operation("send", "intake", ["", RECORDED, OTHER, UNRECORDED]):
        pass
    [span] = named()
    assert (span.name, span.kind, parent(span)) == ("send intake", SpanKind.CLIENT, None)
    assert links(span) == [ids(RECORDED), ids(OTHER)]
    assert says(span)["messaging.batch.message_count"] == 3


def test_what_is_done_to_one_alone_is_a_part_of_its_trace(tracing: Tracing, named: Named) -> None:
    with tracing.operation("settle", "text.greet", ["", RECORDED]):
        pass
    [span] = named()
    assert (parent(span), links(span)) == (ids(RECORDED), [])


@pytest.mark.parametrize("traces", [[], ["", ""], [UNRECORDED], [UNRECORDED, UNRECORDED], ["no context", "00-zz-01"]])
def test_what_is_done_to_nothing_that_is_recorded_is_not_recorded(
    tracing: Tracing, named: Named, traces: list[str]
) -> None:
    with tracing.operation("send", "intake", traces):
        pass
    assert named() == []


def test_the_senders_state_goes_along(tracing: Tracing, named: Named) -> None:
    with tracing.process(
        "intake", [ProcessedMessage(RECORDED + " congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "r", 1)]
    ) as [first]:
        pass
    with tracing.process("text.greet", [ProcessedMessage(first.trace, "r", 1)]) as [second]:
        pass
    states: Any = [span.context and span.context.trace_state.to_header() for span in named()]
    assert states == ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"] * 2
    assert second.trace.endswith(" congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
