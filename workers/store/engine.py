"""Connections to the database, set up so that no outage can hold a worker for long."""

from typing import Any

from psycopg.types.array import ListBinaryDumper
from sqlalchemy import URL, Connection, Engine, ExceptionContext, QueuePool, create_engine, event, make_url

#: How libpq notices that a server has gone without a word: after 30 s of silence, three questions, 5 s apart.
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds: also while something we sent is not acknowledged
}
_CONNECT_SECONDS = 5


def open_engine(url: str, timeout: float) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`; nothing is connected yet.

    A statement may take `timeout` seconds, waiting for locks included. Raises ValueError for another database.
    """
    target = make_url(url)
    match target.get_backend_name():
        case "sqlite":
            return _sqlite(target, timeout)
        case "postgresql":
            return _postgresql(target, timeout)
    raise ValueError("the event store can be in SQLite or PostgreSQL")


def begin_write(connection: Connection) -> None:
    """Take SQLite's one write lock at once: a transaction that reads first could find it gone (SQLITE_BUSY)."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite(url: URL, timeout: float) -> Engine:
    # isolation_level None: the driver shall begin no transaction of its own accord.
    options = {"timeout": timeout, "isolation_level": None}
    engine = create_engine(url, connect_args=options, hide_parameters=True, poolclass=QueuePool, pool_timeout=timeout)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # FULL: what COMMIT has answered survives a power cut. NORMAL, with WAL, may forget the last commits.
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def _postgresql(url: URL, timeout: float) -> Engine:
    options = {"application_name": "sluice", "connect_timeout": _CONNECT_SECONDS, **_KEEPALIVE}
    engine = create_engine(
        url,
        # What the URL says itself has precedence.
        connect_args={name: value for name, value in options.items() if name not in url.query},
        hide_parameters=True,
        pool_pre_ping=True,  # a connection that died while idle is replaced rather than handed out
        pool_timeout=timeout,
    )
    # By SET rather than as startup options, which PgBouncer refuses. A worker that is stopped within a
    # transaction must not keep its locks: the server ends it.
    settings = (
        f"SET timezone = 'UTC'; SET statement_timeout = {_milliseconds(timeout)};"
        f" SET idle_in_transaction_session_timeout = {_milliseconds(2 * timeout)}"
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # Arrays in binary: in text, psycopg needs longer to spell them out than the server to write them.
        connection.adapters.register_dumper(list, ListBinaryDumper)
        connection.execute(settings)
        connection.commit()

    event.listen(engine, "handle_error", _give_up_if_interrupted)
    return engine


def _give_up_if_interrupted(context: ExceptionContext) -> None:
    """An exception out of a signal handler (a time limit) leaves psycopg in the middle of a statement.

    Such a connection cannot even roll back, and the attempt would hide that exception: throw it away.
    """
    if context.sqlalchemy_exception is None:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the other connections are all right


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
