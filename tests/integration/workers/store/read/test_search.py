"""Searching the event store: each filter, paging while events are written, and searches that run out of time."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.store.samples import at
from tests.support.store.webhooks import ASHA, RAVI, delivery_events, message_event, status_event
from workers.store import Store
from workers.store.read import bounded_scan
from workers.store.read.keyset import Cursor, InvalidCursor
from workers.store.read.search import EventFilter, EventPage, search_events


@pytest.fixture
def month(store: Store) -> Store:
    """Asha wrote twice and Ravi once; of three messages to them one was read, one failed and one is on its way."""
    store.write(
        [
            message_event("wamid.A1", 10),
            message_event("wamid.A2", 20, "image", {"id": "77", "caption": "My 100% broken LAMP_"}),
            message_event("wamid.R1", 30, customer=RAVI),
            *delivery_events("wamid.S1", 40, number="918000000001"),
            *delivery_events("wamid.S2", 50, way="sent failed", customer=RAVI),
            status_event("wamid.S3", "sent", 60, number="918000000002"),
            status_event("wamid.S3", "warning", 61),
        ]
    )
    return store


def search(store: Store, before: str | None = None, limit: int = 50, **wanted: Any) -> EventPage:
    with store.reading() as connection:
        return search_events(connection, EventFilter(**wanted), before=before, limit=limit)


def names_of(page: EventPage) -> list[str]:
    return [f"{event.wamid}:{event.type}" for event in page.events]


def pages(store: Store, limit: int, **wanted: Any) -> Iterator[EventPage]:
    before = None
    while True:
        page = search(store, before, limit, **wanted)
        yield page
        if page.older is None:
            return
        before = page.older


EVERYTHING = [
    "wamid.S3:unknown",
    "wamid.S3:sent",
    "wamid.S2:failed",
    "wamid.S2:sent",
    "wamid.S1:read",
    "wamid.S1:delivered",
    "wamid.S1:sent",
    "wamid.R1:text",
    "wamid.A2:image",
    "wamid.A1:text",
]


def test_without_a_filter_all_events_are_found_newest_first(month: Store) -> None:
    page = search(month)
    assert (names_of(page), page.older, page.searched_back_to) == (EVERYTHING, None, None)


#: Filters and what they find.
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"wamid": "wamid.A2"}, ["wamid.A2:image"]),
    ({"wamid": "wamid.S1"}, ["wamid.S1:read", "wamid.S1:delivered", "wamid.S1:sent"]),
    ({"wamid": "wamid.S"}, []),
    ({"wamid": "wamid.S1", "types": ("read",)}, ["wamid.S1:read"]),
    ({"customer": RAVI}, ["wamid.S2:failed", "wamid.S2:sent", "wamid.R1:text"]),
    ({"types": ("text",)}, ["wamid.R1:text", "wamid.A1:text"]),
    ({"types": ("image", "failed")}, ["wamid.S2:failed", "wamid.A2:image"]),
    ({"customer": RAVI, "types": ("text",)}, ["wamid.R1:text"]),
    ({"kind": "message"}, ["wamid.R1:text", "wamid.A2:image", "wamid.A1:text"]),
    ({"kind": "status", "types": ("unknown",)}, ["wamid.S3:unknown"]),
    ({"kind": "unknown"}, []),
    ({"status": "sent"}, ["wamid.S3:sent"]),
    ({"status": "failed"}, ["wamid.S2:failed"]),
    ({"status": "delivered"}, []),
    ({"status": "read", "customer": ASHA}, ["wamid.S1:read"]),
    ({"business_number": "918000000002"}, ["wamid.S3:sent"]),
    ({"since": at(50), "until": at(60)}, ["wamid.S2:failed", "wamid.S2:sent"]),
    ({"text": "TEXT of"}, ["wamid.R1:text", "wamid.A1:text"]),
    ({"text": "lamp"}, ["wamid.A2:image"]),
    ({"text": "100%"}, ["wamid.A2:image"]),
    ({"text": "p_"}, ["wamid.A2:image"]),
    ({"text": "1_0"}, []),
    ({"text": "\\"}, []),
    ({"text": "text", "customer": RAVI}, ["wamid.R1:text"]),
    ({"text": "text", "types": ("image",)}, []),
    ({"text": "text", "kind": "status"}, []),
    ({"text": "text", "status": "sent"}, []),
    ({"text": "text", "since": at(30)}, ["wamid.R1:text"]),
    ({"text": "text", "until": at(30)}, ["wamid.A1:text"]),
    ({"text": "text", "wamid": "wamid.A1"}, ["wamid.A1:text"]),
    ({"text": "text", "business_number": "918000000001"}, []),
]


def test_each_filter_finds_the_matching_events(month: Store) -> None:
    for wanted, events in CASES:
        page = search(month, **wanted)
        assert (wanted, names_of(page), page.older) == (wanted, events, None)


def test_summaries_have_the_text_and_the_delivery_status(month: Store) -> None:
    found_of = {event.key: event for event in search(month).events}
    picture = found_of["m:image:wamid.A2"]
    assert (picture.text, picture.status, picture.customer, picture.kind) == (
        "My 100% broken LAMP_",
        None,
        ASHA,
        "message",
    )
    delivered = found_of[f"s:wamid.S1:delivered:{ASHA}"]
    assert (delivered.text, delivered.status, delivered.business_number) == (None, "read", "918000000001")
    assert (delivered.occurred_at, delivered.received_at) == (at(41).replace(microsecond=0), at(42))


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_pages_together_have_each_event_once(month: Store, limit: int) -> None:
    ways: list[dict[str, Any]] = [{}, {"customer": ASHA}, {"types": ("text", "sent", "read")}, {"text": "e"}]
    for wanted in ways:
        whole = names_of(search(month, **wanted))
        cut = [names_of(page) for page in pages(month, limit, **wanted)]
        assert [event for part in cut for event in part] == whole
        assert {len(part) for part in cut[:-1]} <= {limit}


def test_events_of_the_same_second_are_not_mixed_up(store: Store) -> None:
    store.write([message_event(f"wamid.{number}", 5) for number in range(9)])
    cut = [names_of(page) for page in pages(store, 2)]
    assert sorted(event for part in cut for event in part) == [f"wamid.{number}:text" for number in range(9)]


def test_events_written_between_pages_neither_repeat_nor_hide_others(month: Store) -> None:
    first = search(month, limit=3)
    month.write([message_event(f"wamid.new{number}", 1000 + number) for number in range(5)])
    assert names_of(search(month, first.older)) == EVERYTHING[3:]


@pytest.mark.parametrize(
    "wanted", [{"business_number": "918000000001"}, {"text": "of wamid.A1"}, {"status": "sent"}, {"kind": "message"}]
)
def test_a_search_with_few_matches_stops_early_and_can_continue(
    month: Store, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    whole = names_of(search(month, **wanted))
    monkeypatch.setattr(bounded_scan, "FIRST_BATCH", 2)
    monkeypatch.setattr(bounded_scan, "TIME_LIMIT_SECONDS", 0.0)
    looks = list(pages(month, 5, **wanted))
    assert len(looks) > 1
    assert [event for page in looks for event in names_of(page)] == whole
    assert all(page.searched_back_to for page in looks[:-1])
    assert [page.searched_back_to for page in looks] == sorted(
        (page.searched_back_to for page in looks), key=lambda time: time or at(-1e6), reverse=True
    )


def test_a_search_continues_in_growing_batches_while_there_is_time(
    month: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_scan, "FIRST_BATCH", 1)
    monkeypatch.setattr(bounded_scan, "BATCH_GROWTH", 2)
    monkeypatch.setattr(bounded_scan, "TIME_LIMIT_SECONDS", 60.0)
    end, lengths = bounded_scan.batch_end, []

    def noted(*given: Any) -> Cursor | None:
        lengths.append(given[-1])
        return end(*given)

    monkeypatch.setattr(bounded_scan, "batch_end", noted)
    page = search(month, text="of wamid.A1")
    assert names_of(page) == ["wamid.A1:text"]
    assert (lengths, page.older) == ([1, 2, 4], None)


def test_events_written_between_batches_neither_repeat_nor_hide_others(
    month: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_scan, "FIRST_BATCH", 3)
    monkeypatch.setattr(bounded_scan, "TIME_LIMIT_SECONDS", 60.0)
    end, number = bounded_scan.batch_end, iter(range(100))

    def meanwhile(*given: Any) -> Cursor | None:
        found = end(*given)
        month.write([message_event(f"wamid.new{next(number)}", 1000)])
        return found

    monkeypatch.setattr(bounded_scan, "batch_end", meanwhile)
    reported = names_of(search(month, kind="message"))
    assert [event for event in reported if "new" not in event] == ["wamid.R1:text", "wamid.A2:image", "wamid.A1:text"]
    assert len(reported) == len(set(reported))


def test_an_invalid_cursor_is_refused(store: Store) -> None:
    for text in ("nonsense", "ü", "%%%", "AAAA", "x" * 5000, "eHh4eCBr"):
        with pytest.raises(InvalidCursor):
            search(store, text)


def test_cursors_survive_any_key_and_time() -> None:
    for cursor in (Cursor(at(0.000001), "s:ü 😀:x y"), Cursor(at(0).replace(year=1), ""), Cursor(at(-1e9), "k" * 300)):
        assert Cursor.parse(str(cursor)) == cursor


def test_unusual_message_ids_are_found_too(store: Store) -> None:
    store.write([message_event("1337.5"), message_event("other"), *delivery_events("wamid.other")])
    for wamid in ("1337", "with:colon", "wamid.with:colon", "at@sign", "'quoted\"", "ü", "w" * 250):
        store.write([message_event(wamid), *delivery_events(wamid, 5, way="sent read")])
        assert len(search(store, wamid=wamid).events) == 3
        assert names_of(search(store, text=f"of {wamid[:30]}", wamid=wamid)) == [f"{wamid}:text"]
