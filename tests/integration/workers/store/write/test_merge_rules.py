"""Merging of rows with the same key."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from tests.support.store.samples import at, contents, image, only, status, text_message, written
from workers.events import Contact, ErrorDetail, Event, MediaMetadata, Pricing
from workers.store import Store


@pytest.mark.parametrize("words", list(permutations(["sent", "delivered", "read"])))
def test_a_read_never_falls_back_to_delivered(store: Store, words: Sequence[str]) -> None:
    times = {"sent": 1, "delivered": 2, "read": 3}
    for word in words:
        store.write([status(word, times[word])])
    found = only(store, "deliveries")
    assert (found["status"], found["sent_at"], found["delivered_at"], found["read_at"]) == ("read", at(1), at(2), at(3))


@pytest.mark.parametrize("words", list(permutations(["sent", "failed", "delivered"])))
def test_a_failure_never_erases_a_delivery(store: Store, words: Sequence[str]) -> None:
    errors = (ErrorDetail(code=131026, title="undeliverable"),)
    for word in words:
        store.write([status(word, 2, errors=errors if word == "failed" else ())])
    found = only(store, "deliveries")
    assert (found["status"], found["failed_at"], found["error_code"]) == ("delivered", at(2), 131026)


def test_a_failure_ranks_above_sent_and_keeps_its_error_when_repeated_without_one(store: Store) -> None:
    store.write([status("failed", 2, errors=(ErrorDetail(code=1, title="why"),))])
    store.write([status("failed", 1), status("sent")])
    found = only(store, "deliveries")
    assert (found["status"], found["failed_at"]) == ("failed", at(1))
    assert (found["error_code"], found["error_title"]) == (1, "why")


def test_played_is_the_last_status_and_sets_no_read_time(store: Store) -> None:
    store.write([status("played", 9)])
    store.write([status("delivered", 2)])
    found = only(store, "deliveries")
    assert (found["status"], found["read_at"], found["delivered_at"]) == ("played", None, at(2))


def test_known_pricing_is_kept(store: Store) -> None:
    store.write([status("sent", pricing=Pricing(billable=False, category="utility"))])
    store.write([status("delivered")])
    assert only(store, "deliveries")["category"] == "utility"
    assert only(store, "deliveries")["billable"] is False
    store.write([status("read", pricing=Pricing(billable=True))])
    assert only(store, "deliveries")["billable"] is True


def test_each_member_of_a_group_has_a_delivery(store: Store) -> None:
    store.write([status("sent", recipient="1"), status("read", recipient="2")])
    assert [(row["recipient"], row["status"]) for row in contents(store)["deliveries"]] == [
        ("1", "sent"),
        ("2", "read"),
    ]


def test_fetched_metadata_replaces_an_error_and_is_never_erased_by_one(store: Store) -> None:
    def fetched(url: str, seconds: float) -> Event:
        return image(metadata=MediaMetadata(url=url, file_size=7, fetched_at=at(seconds)))

    failed = image(metadata=MediaMetadata(error="404", fetched_at=at(99)))
    store.write([image(filename="cat.png")])
    store.write([failed])
    assert only(store, "media")["error"] == "404"
    for batch in ([fetched("new", 9)], [failed], [fetched("old", 5)], [image()]):
        store.write(batch)
        found = only(store, "media")
        assert (found["url"], found["fetched_at"], found["error"]) == ("new", at(9), None)
        assert (found["filename"], found["file_size"]) == ("cat.png", 7)


def test_a_customer_keeps_the_newest_name_if_newer_messages_have_none(store: Store) -> None:
    store.write([text_message(seconds=5, wamid="b", contact=Contact(name="new"))])
    store.write([text_message(seconds=9, wamid="c")])
    store.write([text_message(seconds=1, wamid="a", contact=Contact(name="old"))])
    assert only(store, "customers") == {"id": "918888888888", "name": "new", "last_seen_at": at(9), "named_at": at(5)}
    store.write([text_message(seconds=7, wamid="d", contact=Contact(name="newer"))])
    assert only(store, "customers")["name"] == "newer"


def test_replaying_an_unknown_event_with_its_type_improves_its_row(store: Store) -> None:
    unknown, known = text_message(None, type="unknown"), text_message("hello", seconds=60)
    histories: list[list[list[Event]]] = [[[unknown], [known], [unknown]], [[known], [unknown]], [[unknown, known]]]
    for batches in histories:
        written(store, *batches)
        assert only(store, "events")["type"] == "text"
        assert only(store, "messages")["text"] == "hello"


def test_the_first_receipt_of_an_event_is_the_one_that_counts(store: Store) -> None:
    store.write([text_message("second", received_at=at(20))])
    store.write([text_message("first", received_at=at(10)), text_message("third", received_at=at(30))])
    assert only(store, "events")["received_at"] == at(10)
