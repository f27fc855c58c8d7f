"""The event store: where the built-in handlers write what happened."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from workers.events import Event
from workers.store.engine import begin_write, open_engine
from workers.store.errors import StoreUnavailable, translated
from workers.store.schema.create import create_tables
from workers.store.write.rows import rows
from workers.store.write.statements import write_rows


class Store:
    """The tables of `workers.store.schema.tables` in SQLite (`sqlite:///…`) or PostgreSQL (`postgresql+psycopg://…`).

    All methods raise StoreUnavailable while the database cannot do what is asked; no message of it holds
    credentials or data. One object serves all threads of a process, but not its children: connections must not
    cross a fork, so each process makes its own Store when it first needs one. Connects when first used.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        """`timeout`, in seconds, bounds each statement and each wait for a lock or a connection of the pool."""
        self._engine = open_engine(url, timeout)

    def create(self) -> None:
        """Create the tables that are missing. Any number of processes may do so at once."""
        with self._translated():
            try:
                create_tables(self._engine)
            except OSError as error:
                raise StoreUnavailable(f"the event store's folder cannot be made: {error.strerror}") from error

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch in one transaction: all of it or nothing. Repetitions change nothing, in any order.

        Raises RowRejected where the database refuses a value for good: halve the batch to find the event.
        """
        batch = rows(events)
        with self.writing() as connection:
            write_rows(connection, batch)

    def check(self) -> None:
        """Ask the database for a sign of life."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries. On SQLite each statement is a transaction of its own."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction, which is committed at the end, or rolled back by an exception."""
        with self._translated(), self._engine.begin() as connection:
            begin_write(connection)
            yield connection

    def close(self) -> None:
        """Close all connections; the object may be used again and will connect anew."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self._engine.url):
            yield
