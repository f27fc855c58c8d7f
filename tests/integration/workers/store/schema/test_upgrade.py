"""Databases of earlier versions: columns and indexes are added while the database is in use."""

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
    """A database of the first version with one event."""
    store.write([status("sent", business_number=None)])
    engine = open_engine(store_url, 10)
    with engine.begin() as connection:
        for name in ("events_by_occurrence", "events_by_type", "messages_by_occurrence", "deliveries_by_sending"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("CREATE INDEX events_by_time ON events (occurred_at)"))
        connection.execute(text("ALTER TABLE deliveries DROP COLUMN business_number"))
    yield engine
    engine.dispose()


def upgrade_fully(engine: Engine) -> None:
    thread = create_tables(engine)
    if thread is not None:
        thread.join(30)
        assert not thread.is_alive()


def indexes(engine: Engine) -> set[str | None]:
    found = inspect(engine)
    return {index["name"] for table in tables.metadata.sorted_tables for index in found.get_indexes(table.name)}


def test_missing_columns_and_indexes_are_added_and_rows_are_kept(old: Engine, store: Store) -> None:
    upgrade_fully(old)
    assert indexes(old) == INDEXES
    assert only(store, "deliveries")["business_number"] is None
    store.write([status("delivered", business_number="911")])
    row = only(store, "deliveries")
    assert (row["status"], row["business_number"]) == ("delivered", "911")


def test_a_complete_database_is_not_changed(old: Engine) -> None:
    upgrade_fully(old)
    assert create_tables(old) is None
    assert indexes(old) == INDEXES


def test_several_processes_can_upgrade_at_the_same_time(old: Engine) -> None:
    threads = [threading.Thread(target=upgrade_fully, args=(old,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    until(lambda: indexes(old) == INDEXES)


def test_writers_continue_while_an_index_is_built(postgres_url: str) -> None:
    """An older transaction holds up the build, but the build holds up nothing."""
    store = Store(postgres_url, timeout=5)
    store.create()
    with store.writing() as connection:
        connection.execute(text("DROP INDEX events_by_type"))
    with store.writing() as older:
        older.execute(text("LOCK TABLE events IN ROW EXCLUSIVE MODE"))  # the lock of a writer
        thread = create_tables(store.engine)
        assert thread is not None
        until(lambda: _building(store))
        store.write([status("sent")])
        assert thread.is_alive()
    thread.join(30)
    assert "events_by_type" in indexes(store.engine)
    store.close()


def test_an_unfinished_index_is_rebuilt(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.create()
    with store.writing() as connection:
        connection.execute(text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_by_type'::regclass"))
    upgrade_fully(store.engine)
    with store.reading() as connection:
        unfinished = connection.execute(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).scalar()
    assert unfinished == 0
    assert create_tables(store.engine) is None
    store.close()


def test_a_failed_index_build_is_logged_and_harmless(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(postgres_url)
    store.create()
    with store.writing() as connection:
        connection.execute(text("DROP INDEX events_by_type"))
    monkeypatch.setattr(upgrade, "REPLACED_INDEXES", ("no such name; not valid SQL",))
    with capture_logs() as logged:
        upgrade_fully(store.engine)
    assert "could not add indexes" in logged[-1]["event"]
    store.write([status("sent")])
    store.close()


def _building(store: Store) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'"
    with store.reading() as connection:
        return bool(connection.execute(text(query)).scalar())
