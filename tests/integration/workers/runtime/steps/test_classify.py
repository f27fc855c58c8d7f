"""Classification: one webhook's events go to the lanes of their handlers, and junk becomes a dead letter."""

import json
from typing import Any

import pytest
import redis

from shared.wire.receipt import ReceiptWriter
from tests.support.lanes.looking import dead_letters
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, LaneSpec, Outcome, TakenEntry, TakeTimings
from workers.runtime.event_entry import EventEntry, decode_entry
from workers.runtime.steps.classify import ClassifyStep, dedupe_key

RECEIPTS = ReceiptWriter()
LANES = {"text": ("text.greet", "text.store"), "image": ("image.store",), "sent": ("sent.store",)}
TEXT = {"id": "wamid.t", "type": "text", "from": "919800000001", "text": {"body": "hello"}}
IMAGE = {"id": "wamid.i", "type": "image", "from": "919800000001", "image": {"id": "77"}}
SENT = {"id": "wamid.s", "status": "sent", "recipient_id": "919800000001"}


def _classify(body: Any, *, media: str | None = None) -> Outcome:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    [(identity, verdict)] = ClassifyStep(LANES, media).run(
        [TakenEntry(b"1-0", RECEIPTS.pack(data, 1_777_600_000_000)[1])], lambda: False, TakeTimings()
    )
    assert identity == b"1-0"
    return verdict


def _next(verdict: Outcome) -> list[tuple[tuple[str, ...], EventEntry]]:
    assert isinstance(verdict, Completed)
    return [(lanes, decode_entry(data)) for _, data, lanes in verdict.follow_ups]


def test_each_event_goes_to_all_lanes_of_its_type() -> None:
    found = _next(_classify({"messages": [TEXT, IMAGE], "statuses": [SENT]}))
    assert [(lanes, entry.raw_event.type, entry.raw_event.body) for lanes, entry in found] == [
        (("text.greet", "text.store"), "text", TEXT),
        (("image.store",), "image", IMAGE),
        (("sent.store",), "sent", SENT),
    ]


def test_an_event_without_handlers_goes_nowhere_and_is_claimed() -> None:
    [(key, _, lanes)] = _done(_classify({"statuses": [SENT | {"status": "read"}]})).follow_ups
    assert lanes == ()
    assert key


def test_events_with_media_go_by_way_of_its_lane_and_others_do_not() -> None:
    found = _next(_classify({"messages": [TEXT, IMAGE]}, media="media"))
    assert [lanes for lanes, _ in found] == [("text.greet", "text.store"), ("media",)]


def test_media_that_nobody_handles_is_not_asked_for() -> None:
    video = {"id": "wamid.v", "type": "video", "video": {"id": "78"}}
    assert [lanes for lanes, _ in _next(_classify({"messages": [video]}, media="media"))] == [()]


def test_an_event_with_media_but_without_its_id_goes_straight_on() -> None:
    found = _next(_classify({"messages": [IMAGE | {"image": {}}]}, media="media"))
    assert [lanes for lanes, _ in found] == [("image.store",)]


def test_entries_keep_the_receipt_and_its_time() -> None:
    identity, data = RECEIPTS.pack(json.dumps({"messages": [TEXT]}).encode(), 1_777_600_000_123)
    [(_, verdict)] = ClassifyStep(LANES, None).run([TakenEntry(b"1-0", data)], lambda: False, TakeTimings())
    [(_, entry)] = _next(verdict)
    assert (entry.receipt, entry.received_ms) == (identity, 1_777_600_000_123)


def test_repetitions_of_an_event_have_one_key_and_other_events_others() -> None:
    once, again = (
        _done(_classify({"messages": [TEXT]})).follow_ups[0],
        _done(_classify({"messages": [TEXT, TEXT]})).follow_ups,
    )
    assert {once.key, *[each.key for each in again]} == {once.key}
    assert len(once.key) == 16
    other = _done(_classify({"messages": [TEXT | {"id": "wamid.other"}]})).follow_ups[0]
    assert other.key != once.key


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"hello", b"\xff\xfe\x00", b'{"a":NaN}', b"[" * 5000 + b"]" * 5000, b'{"a":' * 900 + b"1" + b"}" * 900],
)
def test_what_is_no_json_is_a_dead_letter(body: bytes) -> None:
    verdict = _classify(body)
    assert isinstance(verdict, DeadLettered)
    assert verdict.why == "undecodable"
    assert verdict.error


@pytest.mark.parametrize("data", [b"", b"short", b"\x02" + bytes(40), bytes(60)])
def test_what_is_no_receipt_is_a_dead_letter(data: bytes) -> None:
    [(_, verdict)] = ClassifyStep(LANES, None).run([TakenEntry(b"1-0", data)], lambda: False, TakeTimings())
    assert isinstance(verdict, DeadLettered)
    assert verdict.why == "undecodable"


@pytest.mark.parametrize("body", [b"null", b"7", b"[]", b"{}", b'"text"', b'{"messages":7}', b'[[{"a":[1]}]]'])
def test_any_json_leads_to_something(body: bytes) -> None:
    assert _done(_classify(body)).follow_ups


@pytest.mark.parametrize("depth", range(190, 216))
def test_no_depth_of_nesting_harms_the_batch(depth: int) -> None:
    body = b'{"messages":{"id":"wamid.1","type":"text","n":123456789012345678901234567890,"x":'
    verdict = _classify(body + b"[" * depth + b"]" * depth + b"}}")
    assert isinstance(verdict, Completed | DeadLettered)
    if isinstance(verdict, Completed):
        assert [entry.raw_event.type for _, entry in _next(verdict)] == ["text"]  # and it can be read again


def test_one_bad_webhook_does_not_harm_the_others_of_its_batch() -> None:
    bodies = [json.dumps({"messages": [TEXT]}).encode(), b"{", json.dumps({"statuses": [SENT]}).encode()]
    entries = [TakenEntry(b"%d-0" % number, RECEIPTS.pack(body, 1)[1]) for number, body in enumerate(bodies)]
    verdicts = ClassifyStep(LANES, None).run(entries, lambda: True, TakeTimings())
    assert [(identity, type(verdict)) for identity, verdict in verdicts] == [
        (b"0-0", Completed),
        (b"1-0", DeadLettered),
        (b"2-0", Completed),
    ]


def test_in_redis_a_repeated_webhook_reaches_each_lane_once(lanes: Lanes, client: redis.Redis) -> None:
    names = ("intake", "text.greet", "text.store", "sent.store")
    lanes.register([LaneSpec(name, "q", 10, 60_000) for name in names])
    webhook = json.dumps({"messages": [TEXT], "statuses": [SENT]}).encode()
    lanes.push("intake", [RECEIPTS.pack(webhook, 1)[1] for _ in range(3)])
    lanes.push("intake", [RECEIPTS.pack(b"{", 1)[1]])
    taken = lanes.take("intake", "a", 10)
    assert lanes.settle("intake", ClassifyStep(LANES, None).run(taken, lambda: False, TakeTimings()))[:3] == (4, 2, 4)
    assert [client.xlen(f"sluice:lane:{name}") for name in names] == [0, 1, 1, 1]
    [letter] = dead_letters(client, "intake", 10)
    assert (letter.why, letter.data) == ("undecodable", taken[3].data)  # the bytes as they came


def test_a_dedupe_key_is_short_whatever_the_events_key() -> None:
    keys = ["", "m:text:wamid.1", "m:text:wamid.2", "x" * 10_000, "\ud800"]
    found = [dedupe_key(key) for key in keys]
    assert {len(key) for key in found} == {16}
    assert len(set(found)) == len(keys)


def _done(verdict: Outcome) -> Completed:
    assert isinstance(verdict, Completed)
    assert all(isinstance(each, FollowUp) for each in verdict.follow_ups)
    return verdict
