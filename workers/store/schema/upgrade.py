"""What newer versions added to the tables, for databases that are there already: columns and indexes.

A column is added at once: it may be null, so nothing is rewritten. An index takes a while on a big table. PostgreSQL
builds it beside the writers (`CREATE INDEX CONCURRENTLY`), in one process' thread while all work goes on; what searches
by it is slow until then. SQLite knows no such thing: there its one writer builds it, in about a second for a million
rows, and the others wait or try again.
"""

import threading

from sqlalchemy import Column, Connection, Engine, Index, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex

from shared.observability.logging import get_logger
from workers.store.schema.tables import metadata

_log = get_logger(__name__)
#: Key of the advisory lock of the one process that builds indexes.
_LOCK = 0x736C75696369
#: Indexes of earlier versions that others have replaced.
_REPLACED = ("events_by_time",)


def add_columns(connection: Connection) -> None:
    """Adds the columns that are missing, in the caller's transaction."""
    found = inspect(connection)
    for table in metadata.sorted_tables:
        names = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                _add_column(connection, table.name, column)


def missing(connection: Connection) -> list[Index]:
    """The indexes that are missing or were never finished."""
    found = inspect(connection)
    built = {index["name"] for table in metadata.sorted_tables for index in found.get_indexes(table.name)}
    built -= set(_unfinished(connection))
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    return sorted((index for index in indexes if index.name not in built), key=lambda index: str(index.name))


def add_indexes(connection: Connection) -> None:
    """Adds the missing ones and removes those replaced, in the caller's transaction: for SQLite."""
    for index in missing(connection):
        connection.execute(CreateIndex(index, if_not_exists=True))
    for name in _REPLACED:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")


def add_indexes_beside(engine: Engine) -> threading.Thread:
    """Does that from a thread, beside the writers: for PostgreSQL. A failure is logged; the next start tries again."""
    thread = threading.Thread(target=_add_indexes_beside, args=(engine,), name="indexes", daemon=True)
    thread.start()
    return thread


def _add_indexes_beside(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            if connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar():
                try:
                    _build(connection)
                finally:
                    # Not into the pool again: this connection has a lock and no time limit.
                    connection.invalidate()
    except SQLAlchemyError as error:
        _log.warning("the event store's indexes could not be added", error=type(error).__name__)


def _build(connection: Connection) -> None:
    connection.exec_driver_sql("SET statement_timeout = 0")
    for name in _unfinished(connection):
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    for index in missing(connection):
        _log.info("adding an index to the event store, beside all other work", index=index.name)
        text = str(CreateIndex(index).compile(dialect=connection.dialect))
        connection.exec_driver_sql(text.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY IF NOT EXISTS", 1))
    for name in _REPLACED:
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _add_column(connection: Connection, table: str, column: Column[object]) -> None:
    if connection.dialect.name == "postgresql":
        # While this waits for those who write, all others wait behind it.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    kind = column.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}")


def _unfinished(connection: Connection) -> list[str]:
    """Ours that a build left behind that was cut short: PostgreSQL writes to such and never reads them."""
    if connection.dialect.name != "postgresql":
        return []
    ours = {str(index.name) for table in metadata.sorted_tables for index in table.indexes}
    query = "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid"
    return sorted(ours.intersection(connection.exec_driver_sql(query).scalars()))
