"""The event store: the built-in handlers write events to it, the console and the commands read them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from workers.events import Event
from workers.store.engine import begin_write, open_engine
from workers.store.errors import StoreUnavailable, translate_errors
from workers.store.schema.create import create_tables
from workers.store.write.rows import rows_of
from workers.store.write.statements import write_rows


class Store:
    """The tables of `workers.store.schema.tables` in SQLite (`sqlite:///…`) or PostgreSQL (`postgresql+psycopg://…`).

    All methods raise StoreUnavailable while the database doesn't work; its messages contain no credentials or data.
    A Store connects when it is first used. All threads of a process may share it, but not its child processes:
    connections must not cross a fork, so each process makes its own.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        """`timeout` (seconds) limits each statement and each wait for a lock or for a connection from the pool."""
        self.engine = open_engine(url, timeout)

    def create(self) -> None:
        """Create missing tables, columns and indexes. Any number of processes may do so at the same time."""
        with self._translate_errors():
            try:
                create_tables(self.engine)
            except OSError as error:
                raise StoreUnavailable(f"cannot create the event store's folder: {error.strerror}") from error

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch in one transaction, completely or not at all. Repeating it, in any order, changes nothing.

        Raises RowRejected if the database will never accept a value: halve the batch to find its event.
        """
        rows = rows_of(events)
        with self.writing() as connection:
            write_rows(connection, rows)

    def check(self) -> None:
        """Raise StoreUnavailable unless the database answers."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for queries. On SQLite each statement is its own transaction."""
        with self._translate_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end, or rolled back after an exception."""
        with self._translate_errors(), self.engine.begin() as connection:
            begin_write(connection)
            yield connection

    def close(self) -> None:
        """Close all connections. The store reconnects when it is used again."""
        self.engine.dispose()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        with translate_errors(self.engine.url):
            yield
