"""Add columns and indexes of newer versions to existing databases.

Adding a column is instantaneous: it is nullable, so no row is rewritten. An index takes a while on a large table.
PostgreSQL builds it next to the writers (`CREATE INDEX CONCURRENTLY`), in a thread of one process; queries that need it
are slow until then. SQLite has no equivalent: its one writer builds the index, in about a second per million rows, and
other writers wait or try again.
"""

import threading

from sqlalchemy import Column, Connection, Engine, Index, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex

from shared.observability.logging import get_logger
from workers.store.schema.tables import metadata

_log = get_logger(__name__)
#: Key of the advisory lock of the process that builds indexes.
_ADVISORY_LOCK = 0x736C75696369
#: Indexes of earlier versions that have been replaced.
REPLACED_INDEXES = ("events_by_time",)


def add_columns(connection: Connection) -> None:
    """Add missing columns, in the caller's transaction."""
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        names = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                _add_column(connection, table.name, column)


def missing_indexes(connection: Connection) -> list[Index]:
    """Return the indexes that don't exist or whose build never finished, by name."""
    inspector = inspect(connection)
    built = {index["name"] for table in metadata.sorted_tables for index in inspector.get_indexes(table.name)}
    built -= set(_unfinished(connection))
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    return sorted((index for index in indexes if index.name not in built), key=lambda index: str(index.name))


def add_indexes(connection: Connection) -> None:
    """Add missing indexes and drop replaced ones, in the caller's transaction (SQLite)."""
    for index in missing_indexes(connection):
        connection.execute(CreateIndex(index, if_not_exists=True))
    for name in REPLACED_INDEXES:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")


def add_indexes_concurrently(engine: Engine) -> threading.Thread:
    """Start a thread that does the same without blocking writers (PostgreSQL), and return it.

    A failure is logged; the next start tries again.
    """
    thread = threading.Thread(target=_add_indexes_concurrently, args=(engine,), name="indexes", daemon=True)
    thread.start()
    return thread


def _add_indexes_concurrently(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            if connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ADVISORY_LOCK})").scalar():
                try:
                    _build(connection)
                finally:
                    # Don't return it to the pool: this connection holds a lock and has no time limit.
                    connection.invalidate()
    except SQLAlchemyError as error:
        _log.warning("could not add indexes to the event store", error=type(error).__name__)


def _build(connection: Connection) -> None:
    connection.exec_driver_sql("SET statement_timeout = 0")
    for name in _unfinished(connection):
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    for index in missing_indexes(connection):
        _log.info("adding an index to the event store without blocking writers", index=index.name)
        text = str(CreateIndex(index).compile(dialect=connection.dialect))
        connection.exec_driver_sql(text.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY IF NOT EXISTS", 1))
    for name in REPLACED_INDEXES:
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _add_column(connection: Connection, table: str, column: Column[object]) -> None:
    if connection.dialect.name == "postgresql":
        # While this statement waits for writers, all later statements queue behind it.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    kind = column.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}")


def _unfinished(connection: Connection) -> list[str]:
    """Return our indexes whose build was interrupted: PostgreSQL updates but never uses them."""
    if connection.dialect.name != "postgresql":
        return []
    ours = {str(index.name) for table in metadata.sorted_tables for index in table.indexes}
    query = "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid"
    return sorted(ours.intersection(connection.exec_driver_sql(query).scalars()))
