"""Create the tables; safe to run from any number of processes at the same time."""

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from workers.store.engine import begin_write
from workers.store.schema.tables import metadata
from workers.store.schema.upgrade import add_columns, add_indexes, add_indexes_concurrently, missing_indexes

#: Key of the advisory lock under which tables are created on PostgreSQL ("sluice" as a number).
_ADVISORY_LOCK = 0x736C75696365
_MAX_WAL_ATTEMPTS = 20


def create_tables(engine: Engine) -> threading.Thread | None:
    """Create what is missing: the folder of an SQLite file, tables, columns and indexes. Change nothing that exists.

    If indexes are missing on PostgreSQL, a thread adds them while the database is in use, which may take minutes;
    return this thread. Raises OSError if the folder can't be created.
    """
    if engine.dialect.name == "sqlite":
        _make_folder(engine)
        with engine.connect() as connection:
            _use_wal(connection)
    with engine.begin() as connection:
        begin_write(connection)
        if connection.dialect.name == "postgresql":
            # CREATE TABLE IF NOT EXISTS alone fails if two processes run it at the same time.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        metadata.create_all(connection)
        add_columns(connection)
        if connection.dialect.name == "sqlite":
            add_indexes(connection)
        lacks_indexes = bool(missing_indexes(connection))
    return add_indexes_concurrently(engine) if lacks_indexes else None


def _make_folder(engine: Engine) -> None:
    file = engine.url.database
    if file and file != ":memory:" and not file.startswith("file:"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)


def _use_wal(connection: Connection) -> None:
    """Switch the file to write-ahead logging: readers and the writer don't wait for each other, COMMIT syncs once.

    The switch fails immediately while another connection uses the file, whatever the busy timeout is. BEGIN IMMEDIATE
    does wait, so use it to wait and try again.
    """
    for attempts_left in reversed(range(_MAX_WAL_ATTEMPTS)):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar()
        except OperationalError:
            if not attempts_left:
                raise
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("ROLLBACK")
        else:
            return
