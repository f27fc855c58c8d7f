"""The store while its database is unavailable, busy or misconfigured."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import make_url, text

from shared.errors import SluiceError
from tests.support.store.samples import at, contents, status, text_message
from workers.store import Store, StoreUnavailable
from workers.store.schema import tables


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A loopback port that is reserved but not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_an_unreachable_server_is_unavailable_and_the_message_hides_credentials(closed_port: int) -> None:
    store = Store(f"postgresql+psycopg://someuser:s3cret@127.0.0.1:{closed_port}/db")
    for attempt in (store.check, store.create, lambda: store.write([text_message("private words")])):
        with pytest.raises(StoreUnavailable, match="refused") as caught:
            attempt()
        assert isinstance(caught.value, SluiceError)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        for secret in ("someuser", "s3cret", "private"):
            assert secret not in str(caught.value)


def test_a_wrong_password_is_unavailable_and_the_message_hides_the_user(postgres_url: str) -> None:
    store = Store(str(make_url(postgres_url).set(password="wr0ng").render_as_string(hide_password=False)))
    with pytest.raises(StoreUnavailable, match="authentication failed") as caught:
        store.check()
    assert "wr0ng" not in str(caught.value)
    assert '"sluice"' not in str(caught.value)


def test_missing_tables_are_not_blamed_on_an_event(store: Store) -> None:
    with store.writing() as connection:
        tables.metadata.drop_all(connection)
    with pytest.raises(StoreUnavailable):
        store.write([status("sent")])
    store.create()
    store.write([status("sent")])


def test_a_read_only_database_is_unavailable(postgres_url: str) -> None:
    primary = Store(postgres_url)
    primary.create()
    primary.close()
    standby = Store(f"{postgres_url}?options=-c%20default_transaction_read_only%3Don")
    standby.check()
    with pytest.raises(StoreUnavailable, match="ReadOnlySqlTransaction"):
        standby.write([status("sent")])
    standby.close()


def test_connections_that_died_while_idle_are_replaced(postgres_url: str) -> None:
    store, other = Store(postgres_url), Store(postgres_url)
    store.check()
    cut_all_but_mine(other)
    store.check()
    store.close()
    other.close()


def test_a_connection_that_dies_in_a_transaction_leaves_nothing_behind(postgres_url: str) -> None:
    store, other = Store(postgres_url), Store(postgres_url)
    store.create()

    def interrupted() -> None:
        with store.writing() as connection:
            connection.execute(tables.customers.insert().values(id="1", last_seen_at=at(0)))
            cut_all_but_mine(other)
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreUnavailable):
        interrupted()
    assert not any(contents(store).values())
    store.close()
    other.close()


def cut_all_but_mine(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )


def test_a_statement_that_takes_too_long_is_aborted(postgres_url: str) -> None:
    store = Store(postgres_url, timeout=0.05)
    with pytest.raises(StoreUnavailable, match="QueryCanceled"), store.reading() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    store.close()


def test_a_time_limit_within_a_statement_reaches_the_caller(postgres_url: str) -> None:
    class TimeLimit(Exception):
        pass

    def strike(*_: object) -> None:
        raise TimeLimit

    def wait() -> None:
        with store.writing() as connection:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            connection.execute(text("SELECT pg_sleep(30)"))

    store = Store(postgres_url, timeout=5)
    before = signal.signal(signal.SIGUSR1, strike)
    try:
        with pytest.raises(TimeLimit):
            wait()
    finally:
        signal.signal(signal.SIGUSR1, before)
    store.check()
    store.close()


def test_a_pool_without_a_free_connection_is_unavailable(store_url: str) -> None:
    with closing(Store(store_url)) as patient:
        patient.create()
    with closing(Store(store_url, timeout=0.5)) as store:
        with ExitStack() as held:
            for _ in range(15):
                held.enter_context(store.reading())
            with pytest.raises(StoreUnavailable, match="in use"):
                store.check()
        store.check()
