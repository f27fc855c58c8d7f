"""The store on SQLite and on PostgreSQL: what is written, again and at once, and what is read back."""

import random
from collections.abc import Sequence
from datetime import UTC
from itertools import permutations

import pytest
from sqlalchemy import select, text

from tests.store.samples import at, at_once, contents, image, only, status, text_message, written
from workers.events import Contact, ErrorDetail, Event, MediaMetadata, Pricing
from workers.store import RowRefused, Store, StoreUnavailable, tables, writes


def test_writing_again_changes_nothing(store: Store) -> None:
    batch: list[Event] = [status("sent"), text_message(contact=Contact(name="Zoë")), image(wamid="w2")]
    store.write(batch)
    first = contents(store)
    store.write(batch)
    store.write(batch[::-1] + batch)
    assert contents(store) == first
    assert {table: len(found) for table, found in first.items()} == {
        "events": 3,
        "messages": 2,
        "deliveries": 1,
        "media": 1,
        "customers": 1,
    }


def test_nothing_to_write_is_fine(store: Store) -> None:
    store.write([])
    assert not any(contents(store).values())


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


def test_a_failure_ranks_above_sent_and_keeps_its_error_when_it_is_repeated_without(store: Store) -> None:
    store.write([status("failed", 2, errors=(ErrorDetail(code=1, title="why"),))])
    store.write([status("failed", 1), status("sent")])
    found = only(store, "deliveries")
    assert (found["status"], found["failed_at"]) == ("failed", at(1))
    assert (found["error_code"], found["error_title"]) == (1, "why")


def test_played_is_the_last_status_and_not_a_reading(store: Store) -> None:
    store.write([status("played", 9)])
    store.write([status("delivered", 2)])
    found = only(store, "deliveries")
    assert (found["status"], found["read_at"], found["delivered_at"]) == ("played", None, at(2))


def test_what_is_known_of_the_price_is_kept(store: Store) -> None:
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


def test_a_customer_keeps_the_newest_name_though_newer_messages_carry_none(store: Store) -> None:
    store.write([text_message(seconds=5, wamid="b", contact=Contact(name="new"))])
    store.write([text_message(seconds=9, wamid="c")])
    store.write([text_message(seconds=1, wamid="a", contact=Contact(name="old"))])
    assert only(store, "customers") == {"id": "918888888888", "name": "new", "last_seen_at": at(9), "named_at": at(5)}
    store.write([text_message(seconds=7, wamid="d", contact=Contact(name="newer"))])
    assert only(store, "customers")["name"] == "newer"


def test_an_event_read_as_unknown_improves_when_it_is_replayed_with_its_type(store: Store) -> None:
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


def test_hostile_values_are_written_and_read_back(store: Store) -> None:
    hostile = "\0 \ud83d ' \" \\ {NULL,} %s :x ; DROP TABLE events; -- \U0010ffff \x7f\x1b"
    errors = (ErrorDetail(code=10**30, title=hostile),)
    store.write(
        [
            status("failed", wamid=hostile, recipient=hostile, errors=errors, raw={hostile: [hostile, 10**30]}),
            text_message(hostile * 1000, wamid="\ud83d" * 9000, customer=hostile * 100, contact=Contact(name=hostile)),
            image(wamid="i", media_id=hostile, filename=hostile, metadata=MediaMetadata(file_size=-(10**30))),
        ]
    )
    cleaned = hostile.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")
    (failed,) = contents(store)["deliveries"]
    assert (failed["wamid"], failed["error_title"], failed["error_code"]) == (cleaned, cleaned, None)
    assert cleaned * 1000 in [row["text"] for row in contents(store)["messages"]]
    assert only(store, "media")["filename"] == cleaned


def test_the_largest_numbers_are_kept_beside_small_ones_and_none(store: Store) -> None:
    codes = [None, 1, 2**15, 2**31, 2**63 - 1, -(2**63)]
    store.write([status("failed", wamid=str(i), errors=(ErrorDetail(code=code),)) for i, code in enumerate(codes)])
    assert [row["error_code"] for row in contents(store)["deliveries"]] == codes


def test_times_come_back_aware_in_utc_and_sort(store: Store) -> None:
    times = [at(0).replace(year=1), at(0.000001), at(0.1), at(1), at(0).replace(year=9998)]
    store.write([text_message(seconds=0, wamid=str(i), occurred_at=time) for i, time in enumerate(reversed(times))])
    with store.reading() as connection:
        column = tables.messages.c.occurred_at
        found = connection.scalars(select(column).where(column >= times[1]).order_by(column)).all()
    assert found == times[1:]
    assert {time.tzinfo for time in found} == {UTC}


def test_a_batch_of_any_size_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "_MOST", 1000)
    store.write([text_message("x" * (i % 1500), wamid=f"{i:03}") for i in range(700)])
    assert [row["wamid"] for row in contents(store)["messages"]] == [f"{i:03}" for i in range(700)]


def test_a_value_the_database_refuses_is_no_outage_and_nothing_is_written(store: Store) -> None:
    refused = status("read", wamid="bad", kind=None)
    with pytest.raises(RowRefused) as caught:
        store.write([status("sent"), refused])
    assert not isinstance(caught.value, StoreUnavailable)
    assert "919999999999" not in str(caught.value)
    assert not any(contents(store).values())


def test_an_exception_while_writing_rolls_back(store: Store) -> None:
    def interrupted() -> None:
        with store.writing() as connection:
            connection.execute(tables.customers.insert().values(id="1", last_seen_at=at(0)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(contents(store).values())


def test_a_closed_store_connects_anew(store: Store) -> None:
    store.close()
    store.check()


def test_writers_at_the_same_time_agree(store: Store, store_url: str) -> None:
    events: list[Event] = [
        status(word, i, wamid=f"w{i}") for i in range(40) for word in ("sent", "delivered", "read", "failed")
    ]
    events += [text_message(str(i), i, wamid=f"m{i}", contact=Contact(name=f"n{i}")) for i in range(40)]

    def write(seed: int) -> None:
        own = Store(store_url)
        mine = random.Random(seed).sample(events, len(events))
        for start in range(0, len(mine), 20):
            own.write(mine[start : start + 20])
        own.close()

    at_once(*(lambda seed=seed: write(seed) for seed in range(4)))
    assert contents(store) == written(store, events)


def test_one_store_serves_several_threads(store: Store) -> None:
    at_once(*(lambda i=i: store.write([status("sent", wamid=f"w{i}"), text_message(seconds=i)]) for i in range(8)))
    assert len(contents(store)["deliveries"]) == 8
    assert only(store, "customers")["last_seen_at"] == at(7)


def test_sqlite_keeps_a_log_and_syncs_it(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.create()
    with store.reading() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert connection.scalar(text("PRAGMA busy_timeout")) == 10_000
    store.close()


def test_postgresql_knows_who_we_are_and_bounds_every_wait(postgres_url: str) -> None:
    store = Store(postgres_url, timeout=3)
    with store.reading() as connection:
        assert connection.scalar(text("SHOW application_name")) == "sluice"
        assert connection.scalar(text("SHOW statement_timeout")) == "3s"
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "6s"
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    store.close()


def test_what_the_url_says_has_precedence(postgres_url: str) -> None:
    store = Store(f"{postgres_url}?application_name=nightly")
    with store.reading() as connection:
        assert connection.scalar(text("SHOW application_name")) == "nightly"
    store.close()


def test_postgresql_compares_text_as_python_does(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.create()
    with store.reading() as connection:
        collations = connection.execute(
            text(
                "SELECT DISTINCT collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'text'"
            )
        ).all()
    store.close()
    assert [tuple(row) for row in collations] == [("C",)]


def test_another_database_is_refused_without_naming_the_url() -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL") as caught:
        Store("mysql://user:secret@localhost/db")
    assert "secret" not in str(caught.value)
