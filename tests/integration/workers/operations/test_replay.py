"""`sluice replay` sends stored events through their handlers again."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.workers.operations.conftest import Sluice
from tests.support.programs import program, started
from tests.support.waiting import until
from workers.events import ImageMessage, MediaMetadata, StatusUpdate, TextMessage
from workers.lanes import Completed, Lanes
from workers.operations.replay import ReplayBookmark, entry, lanes_for, replay
from workers.parsing import RawEvent, to_event
from workers.runtime.event_entry import build_event, decode_entry
from workers.store import Store
from workers.store.read.replay import ReplayFilter, iter_events

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(database: str) -> Store:
    made = Store(database)
    made.create()
    made.write([text(number) for number in range(5)])
    status = {
        "id": "wamid.out",
        "status": "sent",
        "timestamp": str(int(NOW.timestamp())),
        "recipient_id": "919800000009",
    }
    made.write([to_event(RawEvent("status", "sent", "s:wamid.out", status), received_at=NOW, receipt="r")])
    return made


def text(number: int) -> TextMessage:
    when = NOW + timedelta(days=number)
    body = {"id": f"wamid.{number}", "type": "text", "from": f"91980000000{number}", "text": {"body": f"hi {number}"}}
    item = RawEvent("message", "text", f"m:text:wamid.{number}", body | {"timestamp": str(int(when.timestamp()))})
    made = to_event(item, received_at=when, receipt="r")
    assert isinstance(made, TextMessage)
    return made


def keys(lanes: Lanes, lane: str) -> list[str]:
    return [decode_entry(taken.data).raw_event.key for taken in lanes.take(lane, "test", 100)]


def test_events_go_to_every_handler_of_their_type(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    assert sluice("replay") == {"replayed": 6}
    assert keys(lanes, "text.greet") == keys(lanes, "text.store") == [f"m:text:wamid.{number}" for number in range(5)]
    assert keys(lanes, "sent.store") == ["s:wamid.out"]


def test_a_replay_can_be_limited_to_one_handler(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    sluice("replay", "--type", "text", "--handler", "greet")
    assert (len(keys(lanes, "text.greet")), keys(lanes, "text.store"), keys(lanes, "sent.store")) == (5, [], [])


def test_events_are_chosen_by_time_and_customer(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    assert sluice("replay", "--type", "text", "--since", "2026-05-03", "--until", "2026-05-05") == {"replayed": 2}
    assert keys(lanes, "text.greet") == ["m:text:wamid.2", "m:text:wamid.3"]
    for customer in ("919800000004", "+91 98000 00004"):
        assert sluice("replay", "--customer", customer) == {"replayed": 1}
        assert keys(lanes, "text.greet") == ["m:text:wamid.4"]


def test_a_dry_run_only_counts(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    assert sluice("replay", "--dry-run") == {"would_be_replayed": 6}
    assert keys(lanes, "text.greet") == []


def test_impossible_requests_are_refused(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    assert "unknown event type" in sluice("replay", "--type", "smoke", fails=True)[1]
    assert "there is no handler nope" in sluice("replay", "--handler", "nope", fails=True)[1]


def test_an_interrupted_replay_continues_where_it_stopped(
    store: Store, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.operations.replay.BATCH_SIZE", 4)
    targets, bookmark = lanes_for(lanes.client, "greet"), ReplayBookmark(lanes.client, "this one")
    with store.reading() as connection:
        run = replay(lanes, iter_events(connection, ReplayFilter()), targets, bookmark, rate=1e9, sleep=lambda _: None)
        next(run)
    assert bookmark.read() == "m:text:wamid.3"
    with store.reading() as connection:
        rest = [stored.key for stored in iter_events(connection, ReplayFilter(), bookmark.read())]
    assert rest == ["m:text:wamid.4", "s:wamid.out"]
    assert ReplayBookmark(lanes.client, "another").read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_replay_says_how_to_continue(
    store: Store, lanes: Lanes, sluice: Sluice, redis_url: str, database: str, tmp_path: Path, number: signal.Signals
) -> None:
    settings = {"SLUICE_REDIS_URL": redis_url, "SLUICE_DATABASE_URL": database}
    with started([program("sluice"), "replay", "--rate", "0.1"], tmp_path, **settings) as running:
        until(lambda: lanes.client.xlen("sluice:lane:sent.store") == 1, within=30)  # then it waits for a minute
        until(lambda: lanes.client.keys("sluice:replay:*"))
        running.process.send_signal(number)
        assert running.process.wait(30) == 130
        assert "interrupted after 6 of 6 events; the same command continues" in running.output
    assert sluice("replay", "--rate", "1") == {"replayed": 0}
    assert sluice("replay") == {"replayed": 6}


def test_a_replay_waits_while_a_lane_has_a_backlog(store: Store, lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.operations.replay.BATCH_SIZE", 1)
    monkeypatch.setattr("workers.operations.replay.MAX_WAITING", 2)
    rests: list[int] = []

    def sleep(seconds: float) -> None:
        if seconds > 0.1:  # the rate asks for less
            waiting = lanes.take("text.greet", "test", 10)
            rests.append(len(waiting))
            lanes.settle("text.greet", [(taken.id, Completed()) for taken in waiting])

    with store.reading() as connection:
        targets, events = lanes_for(lanes.client, "greet"), iter_events(connection, ReplayFilter(type="text"))
        run = replay(lanes, events, targets, ReplayBookmark(lanes.client), rate=1e9, clock=lambda: 1.0, sleep=sleep)
        assert list(run) == [1, 2, 3, 4, 5]
    assert rests == [3]
    assert len(keys(lanes, "text.greet")) == 2


def test_a_complete_replay_starts_from_the_beginning_the_next_time(store: Store, lanes: Lanes, sluice: Sluice) -> None:
    assert [sluice("replay"), sluice("replay")] == [{"replayed": 6}, {"replayed": 6}]


def test_the_rate_is_bounded(store: Store, lanes: Lanes) -> None:
    waits: list[float] = []
    with store.reading() as connection:
        events = iter_events(connection, ReplayFilter())
        run = replay(lanes, events, {}, ReplayBookmark(lanes.client), rate=3.0, clock=lambda: 100.0, sleep=waits.append)
        assert list(run) == [6]
    assert waits == [2.0]


def test_a_replayed_event_equals_the_one_handled_first(store: Store) -> None:
    with store.reading() as connection:
        found = {stored.key: stored for stored in iter_events(connection, ReplayFilter())}
    again = build_event(entry(found["m:text:wamid.3"]), 1)
    first = text(3)
    assert isinstance(again, TextMessage)
    assert (again.key, again.text, again.customer, again.occurred_at) == (
        first.key,
        "hi 3",
        first.customer,
        first.occurred_at,
    )
    assert again.received_at == first.received_at
    assert isinstance(build_event(entry(found["s:wamid.out"]), 1), StatusUpdate)


def test_a_replayed_picture_has_its_metadata(store: Store) -> None:
    body = {
        "id": "wamid.image",
        "type": "image",
        "from": "919800000001",
        "image": {"id": "77", "mime_type": "image/png"},
    }
    metadata = MediaMetadata(id="77", url="https://media.example/77", mime_type="image/png", fetched_at=NOW)
    item = RawEvent("message", "image", "m:image", body, media_id="77")
    store.write([to_event(item, received_at=NOW, receipt="r", metadata=metadata)])
    with store.reading() as connection:
        (stored,) = iter_events(connection, ReplayFilter(type="image"))
    again = build_event(entry(stored), 1)
    assert isinstance(again, ImageMessage)
    assert again.metadata == metadata
