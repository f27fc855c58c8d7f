"""The event store as the bench sees it: emptied before a round, counted after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.programs.bench.baselines.plain import CREATE, DROP
from tests.programs.bench.machine import parent
from tests.programs.bench.traffic import Mixed
from workers.store import Store
from workers.store.schema.tables import metadata


@contextmanager
def connected(database: str) -> Iterator[Connection]:
    """A connection without transactions, closed with its engine at the end."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def empty(database: str) -> None:
    """Every table of ours and of the baselines, made again and empty."""
    store = Store(database)
    with connected(database) as connection:
        metadata.drop_all(connection)
        connection.execute(text(DROP))
        connection.execute(text(CREATE))
        if connection.dialect.name == "postgresql":
            connection.execute(text("CHECKPOINT"))  # or the last round's would be written in this one
    store.create()
    store.close()


def count(connection: Connection, table: str) -> int:
    """Rows in a table; 0 where it is not there yet."""
    try:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    except DBAPIError:
        return 0


def check(database: str, expected: Mixed) -> None:
    """Raises SystemExit unless the event store holds just what was sent: a fast run that is wrong is none."""
    with connected(database) as connection:
        found = connection.execute(text("SELECT kind, count(*) FROM events GROUP BY kind")).all()
        kinds = {str(kind): int(number) for kind, number in found}
        deliveries = count(connection, "deliveries")
    if kinds != dict(expected.kinds) or deliveries != expected.deliveries:
        raise SystemExit(
            f"wrong rows: {kinds} and {deliveries} deliveries, not {dict(expected.kinds)} and {expected.deliveries}"
        )


def server_pid(connection: Connection) -> int:
    """The process that all of PostgreSQL's are children of; for SQLite 0: it works within its clients."""
    if connection.dialect.name != "postgresql":
        return 0
    backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    return parent(backend)
