"""Each kind of work tells how long its handlers took, and when the webhooks of what it ended were received."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from shared.errors import Reject, Retry, Unavailable
from shared.wire.receipt import ReceiptWriter
from tests.support.lanes.looking import times
from tests.support.runtime.entries import taken
from workers.handlers.registry import Handler
from workers.lanes import Lanes, LaneSpec, TakenEntry, TakeTimings
from workers.runtime.drain import Drain
from workers.runtime.event_entry import REPLAYED, decode_entry, encode_entry
from workers.runtime.steps.classify import ClassifyStep
from workers.runtime.steps.run_handler import RunHandlerStep

LANE = "text.f"


class Noted(TakeTimings):
    """Notes what it is reported."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[float] = []
        self.ended: list[float] = []

    def record_call(self, seconds: float) -> None:
        self.calls.append(seconds)

    def record_completed(self, received: float) -> None:
        self.ended.append(received)


def work(function: Callable[[Any], None], *, batch: bool = False) -> RunHandlerStep:
    return RunHandlerStep(Handler("text", "f", function, batch, Retry(3, 1.0, 1.0), "messages", 30.0))


def run(function: Callable[[Any], None], *entries: TakenEntry, batch: bool = False) -> Noted:
    noted = Noted()
    work(function, batch=batch).run(entries, lambda: False, noted)
    return noted


def nothing(_given: object) -> None:
    return None


def received(entry: TakenEntry) -> float:
    return decode_entry(entry.data).received_ms / 1000


def refuse_the_second(given: Any) -> None:
    if "2" in {event.text for event in (given if isinstance(given, list) else [given])}:
        raise Reject("not 2")


def test_each_call_counts_and_each_event_that_was_done() -> None:
    entries = [taken(1), taken(2), taken(3)]
    noted = run(refuse_the_second, *entries)
    assert len(noted.calls) == 3
    assert all(0 < seconds < 1 for seconds in noted.calls)
    assert noted.ended == [received(entries[0]), received(entries[2])]


def test_a_batch_is_one_call_and_halving_it_is_more() -> None:
    entries = [taken(1), taken(2), taken(3), taken(4)]
    assert len(run(nothing, *entries, batch=True).calls) == 1
    noted = run(refuse_the_second, *entries, batch=True)
    assert len(noted.calls) == 5  # all four, the first two, each of these, the last two
    assert sorted(noted.ended) == sorted(received(entry) for entry in entries if entry is not entries[1])


def test_an_event_that_is_replayed_has_no_lag() -> None:
    entry = decode_entry(taken(1).data)
    entry.receipt = REPLAYED
    noted = run(nothing, TakenEntry(b"1-0", encode_entry(entry)), batch=True)
    assert (len(noted.calls), noted.ended) == (1, [])


def test_webhooks_that_were_classified_have_a_lag_and_others_none() -> None:
    receipts, noted = ReceiptWriter(), Noted()
    bodies = [json.dumps({"messages": {"id": "wamid.1", "type": "text"}}).encode(), b"no JSON"]
    entries = [
        TakenEntry(b"%d-0" % number, receipts.pack(body, 5000 + number)[1]) for number, body in enumerate(bodies)
    ]
    ClassifyStep({"text": (LANE,)}, None).run(entries, lambda: False, noted)
    assert (noted.ended, noted.calls) == ([5.0], [])


def test_a_drain_has_it_counted_in_its_lane(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 60_000)])
    lanes.push(LANE, [taken(number).data for number in range(3)])
    Drain(LANE, lanes, work(nothing, batch=True), "a", batch=100, budget=1.0).run()
    found = times(client, LANE)
    assert sum(count for name, count in found.items() if name.startswith("call:") and name != "call:sum") == 1
    assert sum(count for name, count in found.items() if name.startswith("lag:") and name != "lag:sum") == 3


@pytest.mark.logs("warning")
def test_what_was_given_back_since_a_need_is_down_counts_nothing(lanes: Lanes, client: redis.Redis) -> None:
    def down(_events: object) -> None:
        raise Unavailable("the database")

    lanes.register([LaneSpec(LANE, "messages", 10, 60_000)])
    lanes.push(LANE, [taken(1).data])
    Drain(LANE, lanes, work(down), "a", batch=100, budget=1.0).run()
    assert times(client, LANE) == {}
