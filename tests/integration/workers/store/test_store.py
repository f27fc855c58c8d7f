"""The store on SQLite and on PostgreSQL: writing, repeating, and reading back."""

from datetime import UTC

import pytest
from sqlalchemy import select

from tests.support.store.samples import at, contents, image, only, status, text_message
from workers.events import Contact, ErrorDetail, Event, MediaMetadata
from workers.store import RowRejected, Store, StoreUnavailable
from workers.store.schema import tables
from workers.store.write import statements
from workers.store.write.fold import Row


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


def test_an_empty_batch_can_be_written(store: Store) -> None:
    store.write([])
    assert not any(contents(store).values())


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


def test_large_numbers_small_numbers_and_none_can_be_mixed(store: Store) -> None:
    codes = [None, 1, 2**15, 2**31, 2**63 - 1, -(2**63)]
    store.write([status("failed", wamid=str(i), errors=(ErrorDetail(code=code),)) for i, code in enumerate(codes)])
    assert [row["error_code"] for row in contents(store)["deliveries"]] == codes


def test_times_are_read_as_aware_utc_and_sort(store: Store) -> None:
    times = [at(0).replace(year=1), at(0.000001), at(0.1), at(1), at(0).replace(year=9998)]
    store.write([text_message(seconds=0, wamid=str(i), occurred_at=time) for i, time in enumerate(reversed(times))])
    with store.reading() as connection:
        column = tables.messages.c.occurred_at
        found = connection.scalars(select(column).where(column >= times[1]).order_by(column)).all()
    assert found == times[1:]
    assert {time.tzinfo for time in found} == {UTC}


def test_a_batch_of_any_size_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MAX_STATEMENT_CHARS", 1000)
    store.write([text_message("x" * (i % 1500), wamid=f"{i:03}") for i in range(700)])
    assert [row["wamid"] for row in contents(store)["messages"]] == [f"{i:03}" for i in range(700)]


def test_rows_with_too_much_text_are_split_into_several_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MAX_STATEMENT_CHARS", 10)
    rows: list[Row] = [("x" * size, None, size) for size in (4, 6, 1, 30, 3, 3, 3, 3)]
    assert [[row[2] for row in part] for part in statements.split_rows(rows)] == [[4, 6], [1], [30], [3, 3, 3], [3]]


def test_a_rejected_value_is_not_an_outage_and_nothing_is_written(store: Store) -> None:
    refused = status("read", wamid="bad", kind=None)
    with pytest.raises(RowRejected) as caught:
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


def test_a_closed_store_reconnects(store: Store) -> None:
    store.close()
    store.check()
