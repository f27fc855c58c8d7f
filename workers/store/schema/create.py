"""Creating the tables, by any number of processes at once."""

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from workers.store.engine import begin_write
from workers.store.schema.tables import metadata
from workers.store.schema.upgrade import add_columns, add_indexes, add_indexes_beside, missing

#: Key of the advisory lock under which PostgreSQL's tables are created ("sluice", as a number).
_LOCK = 0x736C75696365
_TRIES = 20


def create_tables(engine: Engine) -> threading.Thread | None:
    """Create what is missing: the folder of an SQLite file, tables, columns, indexes. Changes nothing that is there.

    Replies the thread that adds indexes to a PostgreSQL that is in use, if some are missing: it may take minutes.
    Raises OSError when the folder cannot be made.
    """
    if engine.dialect.name == "sqlite":
        _make_folder(engine)
        with engine.connect() as connection:
            _use_wal(connection)
    with engine.begin() as connection:
        begin_write(connection)
        if connection.dialect.name == "postgresql":
            # CREATE TABLE IF NOT EXISTS alone fails when two do it at once.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        metadata.create_all(connection)
        add_columns(connection)
        if connection.dialect.name == "sqlite":
            add_indexes(connection)
        late = bool(missing(connection))
    return add_indexes_beside(engine) if late else None


def _make_folder(engine: Engine) -> None:
    file = engine.url.database
    if file and file != ":memory:" and not file.startswith("file:"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)


def _use_wal(connection: Connection) -> None:
    """Write-ahead log, kept in the file: readers and the writer do not wait for each other, COMMIT syncs once.

    Changing over fails at once while somebody else is at the file, whatever the busy timeout says. BEGIN
    IMMEDIATE does wait: so wait by it and try again.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar()
        except OperationalError:
            if not tries_left:
                raise
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("ROLLBACK")
        else:
            return
