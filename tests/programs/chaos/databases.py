"""The event store's databases, and what befalls them."""

import os
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.support.postgres import Restartable, binaries, restartable_postgres
from tests.support.programs import lasting_port
from workers.store.schema.tables import metadata


class Database(ABC):
    """One event store, read from outside."""

    name: str
    url: str

    @abstractmethod
    def strike(self, seconds: float) -> None:
        """Nobody can write to it for that long; afterwards it is as before."""

    @property
    def engine(self) -> Engine:
        """A new one each time: what befell the server befell its connections."""
        return create_engine(self.url)

    def count(self) -> int | None:
        """Events stored; None while that cannot be reported."""
        engine = self.engine
        try:
            with engine.connect() as connection:
                return connection.scalar(select(func.count()).select_from(metadata.tables["events"]))
        except SQLAlchemyError:
            return None
        finally:
            engine.dispose()

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Every row, as the tables declare them. Raises SQLAlchemyError."""
        engine = self.engine
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(select(metadata.tables[table]))]
        finally:
            engine.dispose()

    def empty(self) -> None:
        """Deletes every row of every table. Raises SQLAlchemyError."""
        engine = self.engine
        try:
            with engine.begin() as connection:
                for table in metadata.tables.values():
                    connection.execute(delete(table))
        finally:
            engine.dispose()


class Sqlite(Database):
    """A file; the strike holds its write lock."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._file = folder / "events.db"
        self.url = f"sqlite:///{self._file}"

    def strike(self, seconds: float) -> None:
        """Locks it from another connection."""
        with closing(sqlite3.connect(self._file, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")


class Postgresql(Database):
    """A server; the strike kills it and all its processes."""

    name = "postgresql"

    def __init__(self, server: Restartable) -> None:
        self._server = server
        self.url = server.url

    def strike(self, seconds: float) -> None:
        """kill -9, and a start that recovers."""
        self._server.kill()
        time.sleep(seconds)
        self._server.start()


def missing(name: str) -> str | None:
    """Why that database cannot be had here. Raises FileNotFoundError where it must be (REQUIRE_POSTGRES=1)."""
    if name == "sqlite" or binaries() is not None:
        return None
    if os.environ.get("REQUIRE_POSTGRES") == "1":
        raise FileNotFoundError("REQUIRE_POSTGRES is set, and PostgreSQL is not installed")
    return "PostgreSQL is not installed"


@contextmanager
def database(name: str, folder: Path) -> Iterator[Database]:
    """The database of that name, running."""
    if name == "sqlite":
        yield Sqlite(folder)
        return
    with restartable_postgres(lasting_port()) as server:
        yield Postgresql(server)
