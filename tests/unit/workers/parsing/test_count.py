"""Counting items without making them."""

import json

import pytest

from shared.wire.receipt import ReceiptWriter
from workers.lanes import Completed, TakenEntry, TakeTimings
from workers.parsing import count_events, split_webhook
from workers.runtime.event_entry import decode_entry
from workers.runtime.steps.classify import MAX_EVENTS, ClassifyStep

DOCUMENTS = [
    {"messages": {"id": "1"}},
    {"messages": [1, 2, 3], "statuses": [4, 5]},
    {"entry": [{"changes": [{"value": {"statuses": [1, 2]}}, {"value": {"messages": [3]}}]}, {"changes": []}]},
    [{"messages": [1]}, {"statuses": [1, 2]}, 7],
    [],
    None,
    7,
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_count_is_not_below_what_split_makes(
    document: object,
) -> None:
    assert count_events(document) >= len(split_webhook(document)) - 1  # an empty document is one item that says so


def items_of(document: object) -> list[object]:
    work = ClassifyStep({"unknown": ("unknown.store",), "text": ("text.store",)}, None)
    _, receipt = ReceiptWriter().pack(json.dumps(document).encode(), 1_700_000_000_000)
    ((_, verdict),) = work.run([TakenEntry(b"1-1", receipt)], lambda: False, TakeTimings())
    assert isinstance(verdict, Completed)
    return [decode_entry(follow.data).raw_event.body for follow in verdict.follow_ups]


def test_a_webhook_of_too_many_items_is_kept_whole_as_one_unknown_event() -> None:
    document = {"messages": [0] * (MAX_EVENTS + 1)}
    assert items_of(document) == [document]


def test_a_thousand_updates_in_one_webhook_are_a_thousand_events() -> None:
    assert len(items_of({"statuses": [{"id": f"wamid.{n}", "status": "sent"} for n in range(1000)]})) == 1000
