"""Several processes and threads using one database."""

import multiprocessing
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.event import listens_for

from tests.support.store.samples import at, contents, only, run_concurrently, status, text_message, written
from workers.events import Contact, Event
from workers.store import Store, StoreUnavailable


def create_and_write(url: str, name: str) -> None:
    store = Store(url)
    store.create()
    store.write([status("sent", wamid=name), text_message(name)])
    store.close()


def test_processes_can_create_the_tables_at_the_same_time(store_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")  # like a worker on another host
    processes = [spawn.Process(target=create_and_write, args=(store_url, f"w{i}")) for i in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    store = Store(store_url)
    assert [row["wamid"] for row in contents(store)["deliveries"]] == ["w0", "w1", "w2", "w3"]
    store.close()


def test_threads_can_create_the_tables_at_the_same_time(store_url: str) -> None:
    stores = [Store(store_url) for _ in range(8)]
    run_concurrently(*(store.create for store in stores))
    for store in stores:
        store.write([status("sent")])
        store.close()


def test_creating_again_keeps_existing_rows(store: Store) -> None:
    store.write([status("sent")])
    store.create()
    assert only(store, "deliveries")["status"] == "sent"


def test_switching_to_wal_waits_for_another_connection(tmp_path: Path) -> None:
    """SQLite's busy timeout doesn't cover the switch: another connection that creates the file would make it fail."""
    store, waiting = Store(f"sqlite:///{tmp_path}/events.db"), threading.Event()

    @listens_for(store.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            waiting.set()

    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        creating = pool.submit(store.create)
        assert waiting.wait(10)
        other.execute("ROLLBACK")
        creating.result()
    store.write([status("sent")])
    store.close()


def test_concurrent_writers_give_the_same_rows(store: Store, store_url: str) -> None:
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

    run_concurrently(*(lambda seed=seed: write(seed) for seed in range(4)))
    assert contents(store) == written(store, events)


def test_one_store_serves_several_threads(store: Store) -> None:
    run_concurrently(
        *(lambda i=i: store.write([status("sent", wamid=f"w{i}"), text_message(seconds=i)]) for i in range(8))
    )
    assert len(contents(store)["deliveries"]) == 8
    assert only(store, "customers")["last_seen_at"] == at(7)


def test_in_a_deadlock_one_writer_gets_store_unavailable(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.create()
    store.write([text_message(wamid=wamid, customer=wamid) for wamid in ("a", "b")])
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def lock(first: str, second: str) -> None:
        query = text("SELECT 1 FROM customers WHERE id = :id FOR UPDATE")
        try:
            with store.writing() as connection:
                connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
                connection.execute(query, {"id": first})
                gate.wait()
                connection.execute(query, {"id": second})
            outcomes.append("done")
        except StoreUnavailable as error:
            outcomes.append("DeadlockDetected" if "DeadlockDetected" in str(error) else str(error))

    run_concurrently(lambda: lock("a", "b"), lambda: lock("b", "a"))
    assert sorted(outcomes) == ["DeadlockDetected", "done"]
    store.close()
