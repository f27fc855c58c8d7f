"""Databases of earlier versions: columns and indexes are added beside the work, whatever happens meanwhile."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, inspect, text
from structlog.testing import capture_logs

from tests.support.store.samples import only, status
from tests.support.waiting import until
from workers.store import Store
from workers.store.engine import open_engine
from workers.store.schema import tables, upgrade
from workers.store.schema.create import create_tables

INDEXES = {index.name for table in tables.metadata.sorted_tables for index in table.indexes}


@pytest.fixture
def old(store: Store, store_url: str) -> Iterator[Engine]:
    """A database as the first version left it, with an event in it."""
    store.write([status("sent", business_number=None)])
    engine = open_engine(store_url, 10)
    with engine.begin() as connection:
        for name in ("events_by_occurrence", "events_by_type", "messages_by_occurrence", "deliveries_by_sending"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("CREATE INDEX events_by_time ON events (occurred_at)"))
        connection.execute(text("ALTER TABLE deliveries DROP COLUMN business_number"))
    yield engine
    engine.dispose()


def brought_up(engine: Engine) -> None:
    thread = create_tables(engine)
    if thread is not None:
        thread.join(30)
        assert not thread.is_alive()


def indexes(engine: Engine) -> set[str | None]:
    found = inspect(engine)
    return {index["name"] for table in tables.metadata.sorted_tables for index in found.get_indexes(table.name)}


def test_what_is_missing_is_added_and_what_is_there_stays(old: Engine, store: Store) -> None:
    brought_up(old)
    assert indexes(old) == INDEXES
    assert only(store, "deliveries")["business_number"] is None
    store.write([status("delivered", business_number="911")])
    row = only(store, "deliveries")
    assert (row["status"], row["business_number"]) == ("delivered", "911")


def test_a_database_that_has_all_is_left_alone(old: Engine) -> None:
    brought_up(old)
    assert create_tables(old) is None
    assert indexes(old) == INDEXES


def test_processes_of_two_versions_may_start_at_once(old: Engine) -> None:
    threads = [threading.Thread(target=brought_up, args=(old,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    until(lambda: indexes(old) == INDEXES)


def test_writers_go_on_while_an_index_is_built(postgres_url: str) -> None:
    """A transaction that began before keeps the build waiting; nobody waits for the build."""
    store = Store(postgres_url, timeout=5)
    store.create()
    with store.writing() as connection:
        connection.execute(text("DROP INDEX events_by_type"))
    with store.writing() as older:
        older.execute(text("LOCK TABLE events IN ROW EXCLUSIVE MODE"))  # as who writes to it holds it
        thread = create_tables(store.engine)
        assert thread is not None
        until(lambda: _building(store))
        store.write([status("sent")])
        assert thread.is_alive()
    thread.join(30)
    assert "events_by_type" in indexes(store.engine)
    store.close()


def test_an_index_that_was_never_finished_is_built_again(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.create()
    with store.writing() as connection:
        connection.execute(text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_by_type'::regclass"))
    brought_up(store.engine)
    with store.reading() as connection:
        unfinished = connection.execute(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).scalar()
    assert unfinished == 0
    assert create_tables(store.engine) is None
    store.close()


def test_a_build_that_fails_is_told_and_harms_nothing(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(postgres_url)
    store.create()
    with store.writing() as connection:
        connection.execute(text("DROP INDEX events_by_type"))
    monkeypatch.setattr(upgrade, "REPLACED_INDEXES", ("no such name; it is no SQL",))
    with capture_logs() as logged:
        brought_up(store.engine)
    assert "could not add indexes" in logged[-1]["event"]
    store.write([status("sent")])
    store.close()


def _building(store: Store) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'"
    with store.reading() as connection:
        return bool(connection.execute(text(query)).scalar())
