"""Database connections, set up so that an outage can't block a worker for long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.array import ListBinaryDumper
from sqlalchemy import URL, Connection, Engine, ExceptionContext, QueuePool, create_engine, event, make_url

#: How libpq detects a server that vanished: after 30 s of silence it sends three probes, 5 s apart.
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds; also covers data that we sent and the server hasn't acknowledged
}
_CONNECT_TIMEOUT_SECONDS = 5
#: SQLite checks the clock each time it has executed this many instructions of its virtual machine.
_STEPS_PER_CLOCK_CHECK = 20_000


def open_engine(url: str, timeout: float) -> Engine:
    """Return an engine for `sqlite:///…` or `postgresql+psycopg://…` without connecting.

    A statement may take `timeout` seconds, including waits for locks. Raises ValueError for any other database.
    """
    target = make_url(url)
    match target.get_backend_name():
        case "sqlite":
            return _sqlite(target, timeout)
        case "postgresql":
            return _postgresql(target, timeout)
    raise ValueError("unsupported database (use SQLite or PostgreSQL)")


def begin_write(connection: Connection) -> None:
    """Take SQLite's write lock immediately: a transaction that reads first may later fail with SQLITE_BUSY."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def query_time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    """Abort queries on SQLite that run past the limit; PostgreSQL has its own, the statement timeout."""
    if connection.dialect.name != "sqlite":
        yield
        return
    deadline = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_CLOCK_CHECK)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)  # the connection returns to the pool


def _sqlite(url: URL, timeout: float) -> Engine:
    # isolation_level None: the driver must not begin transactions implicitly.
    options = {"timeout": timeout, "isolation_level": None}
    engine = create_engine(url, connect_args=options, hide_parameters=True, poolclass=QueuePool, pool_timeout=timeout)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # FULL: a finished COMMIT survives a power cut. With WAL, NORMAL may lose the last commits.
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def _postgresql(url: URL, timeout: float) -> Engine:
    options = {"application_name": "sluice", "connect_timeout": _CONNECT_TIMEOUT_SECONDS, **_KEEPALIVE}
    engine = create_engine(
        url,
        # Options in the URL take precedence.
        connect_args={name: value for name, value in options.items() if name not in url.query},
        hide_parameters=True,
        pool_pre_ping=True,  # replaces a connection that died while idle
        pool_timeout=timeout,
    )
    # With SET rather than as startup options, which PgBouncer refuses. If a worker is stopped within a transaction,
    # the server ends that transaction and releases its locks.
    settings = (
        f"SET timezone = 'UTC'; SET statement_timeout = {_milliseconds(timeout)};"
        f" SET idle_in_transaction_session_timeout = {_milliseconds(2 * timeout)}"
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # Send arrays in binary: formatting them as text takes psycopg longer than the server takes to write them.
        connection.adapters.register_dumper(list, ListBinaryDumper)
        connection.execute(settings)
        connection.commit()

    event.listen(engine, "handle_error", _invalidate_if_interrupted)
    return engine


def _invalidate_if_interrupted(context: ExceptionContext) -> None:
    """Discard a connection that was interrupted in the middle of a statement.

    An exception from a signal handler (a time limit) leaves psycopg in a state in which it can't even roll back, and
    the attempt would hide the exception.
    """
    if context.sqlalchemy_exception is None:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the other connections are fine


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
