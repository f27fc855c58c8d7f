"""`sluice purge` erases everything about one customer, and nothing about others."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.wire.receipt import ReceiptWriter
from tests.integration.workers.operations.conftest import Sluice, bury
from workers.events import MediaMetadata
from workers.lanes import Lanes, LaneSpec, Rescheduled
from workers.lanes.status import lane_statuses
from workers.operations.dead_letters.actions import DeadLetterActions
from workers.operations.dead_letters.filter import DeadLetterFilter
from workers.operations.dead_letters.search import walk
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, build_event, encode_entry
from workers.store import Store

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HER, HIM = "919800000001", "919800000002"


def image(customer: str, number: int) -> EventEntry:
    body = {"id": f"wamid.{customer}.{number}", "type": "image", "from": f"+{customer}", "image": {"id": f"m{number}"}}
    item = RawEvent("message", "image", f"m:image:{body['id']}", body, media_id=f"m{number}")
    return EventEntry(
        item, "r", int(NOW.timestamp() * 1000), MediaMetadata(id=f"m{number}", url="https://media.example/x")
    )


def status(customer: str) -> EventEntry:
    body = {"id": "wamid.out", "status": "sent", "timestamp": "1777600000", "recipient_id": customer}
    return EventEntry(
        RawEvent("status", "sent", f"s:wamid.out:sent:{customer}", body), "r", int(NOW.timestamp() * 1000)
    )


@pytest.fixture
def store(database: str) -> Store:
    made = Store(database)
    made.create()
    made.write([build_event(entry, 1) for entry in (image(HER, 1), image(HIM, 2), status(HER), status(HIM))])
    return made


def test_the_event_store_loses_everything_of_her_and_nothing_of_him(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    gone = sluice("purge", "--customer", "+91 98000 00001", "--yes")
    assert {table: gone[table] for table in ("events", "messages", "deliveries", "media", "customers")} == {
        "events": 2,
        "messages": 1,
        "deliveries": 1,
        "media": 1,
        "customers": 1,
    }
    again = sluice("purge", "--customer", HER, "--yes")
    assert set(again.values()) == {0}
    assert sum(sluice("purge", "--customer", HIM, "--yes").values()) == 6


def test_the_lanes_lose_everything_of_her_and_nothing_of_him(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    for customer in (HER, HIM):
        lanes.push("image.store", [encode_entry(image(customer, 3))])
        (taken,) = lanes.take("image.store", "test", 1)
        lanes.settle("image.store", [(taken.id, Rescheduled(60, "later"))])
        bury(lanes, "image.store", encode_entry(image(customer, 4)))
        lanes.push("sent.store", [encode_entry(status(customer))] * 3)
    gone = sluice("purge", "--customer", HER, "--yes")
    assert (gone["waiting"], gone["retries"], gone["dead_letters"]) == (3, 1, 1)
    left = {lane.lane: lane for lane in lane_statuses(lanes.client)}
    assert (left["sent.store"].waiting, left["image.store"].retries, left["image.store"].dead) == (3, 1, 1)


def test_a_purged_entry_is_skipped(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    lanes.push("sent.store", [encode_entry(status(HER)), encode_entry(status(HIM))])
    sluice("purge", "--customer", HER, "--yes")
    (taken,) = lanes.take("sent.store", "test", 10)
    assert b"919800000002" in taken.data


def test_webhooks_that_are_not_classified_yet_are_counted(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    lanes.client.sadd("sluice:lanes", "intake")
    lanes.push("intake", [ReceiptWriter().pack(f'{{"messages": {{"from": "{HER}"}}}}'.encode(), 1)[1]])
    assert sluice("purge", "--customer", HER, "--yes")["not_yet_classified"] == 1


def test_unreadable_webhooks_are_counted_and_left_alone(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    lanes.register([LaneSpec("intake.large", "intake", 10, 60_000)])
    for customer in (HER, HER, HIM):
        bury(lanes, "intake.large", ReceiptWriter().pack(f'{{"from": "{customer}"'.encode(), 1)[1], why="undecodable")
    assert sluice("purge", "--customer", HER, "--yes")["unreadable_webhooks"] == 2
    said = sluice("purge", "--customer", HER, "--yes", plain=True)
    assert "2 dead letters of the intake lanes name this customer" in said
    assert sum(lane.dead for lane in lane_statuses(lanes.client)) == 3


def test_spooled_bytes_are_reported(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    # Two processes with one folder, and one with its own.
    reports = [("one:7:aa", "one:/spool", 300), ("one:8:bb", "one:/spool", 200), ("two:7:cc", "two:/spool", 50)]
    for age, (name, spool, size) in enumerate(reports):
        lanes.client.zadd("sluice:ingresses", {name: 1})
        said: Any = {"spool": spool, "spool_bytes": size, "at_ms": 1000 - age}
        lanes.client.hset(f"sluice:ingress:{name}", mapping=said)
    assert sluice("purge", "--customer", HER, "--yes")["spooled_bytes"] == 350
    assert "350 bytes of webhooks" in sluice("purge", "--customer", HER, "--yes", plain=True)


def test_discarded_dead_letters_that_could_be_restored_are_erased_too(
    store: Store, lanes: Lanes, sluice: Sluice
) -> None:
    for customer in (HER, HIM):
        bury(lanes, "sent.store", encode_entry(status(customer)))
    burial = DeadLetterActions(lanes.client)
    undo = burial.discard(walk(lanes.client, DeadLetterFilter())).undo
    assert sluice("purge", "--customer", HER, "--yes")["dead_letters"] == 1
    assert burial.restore(undo) == 1
    assert [HIM in letter.data.decode() for letter in walk(lanes.client, DeadLetterFilter())] == [True]


def test_purging_asks_first(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    sluice("purge", "--customer", HER, fails=True)
    assert sluice("purge", "--customer", HER, "--yes")["events"] == 2


def test_an_entry_purged_while_it_is_held_does_not_come_back(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    lanes.push("sent.store", [encode_entry(status(HER))])
    (taken,) = lanes.take("sent.store", "test", 10)
    assert sluice("purge", "--customer", HER, "--yes")["waiting"] == 1
    assert lanes.settle("sent.store", [(taken.id, Rescheduled(0, "failed"))])[:3] == (1, 0, 0)
    assert sum(lane.retries + lane.waiting + lane.in_flight + lane.dead for lane in lane_statuses(lanes.client)) == 0
