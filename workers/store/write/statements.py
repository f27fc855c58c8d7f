"""Write rows with one upsert per table; writing a row again changes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql.dml import Insert

from workers.store.schema.tables import metadata
from workers.store.write.fold import Row
from workers.store.write.rows import Rows
from workers.store.write.upserts import list_name, postgresql_upsert, sqlite_upsert

#: Tables in the order in which a batch writes them, the same in all workers, so that they can't deadlock.
_TABLES: tuple[Table, ...] = tuple(metadata.tables[name] for name in Rows._fields)

_STATEMENTS: Mapping[str, Mapping[str, Insert]] = {
    "sqlite": {table.name: sqlite_upsert(table) for table in _TABLES},
    "postgresql": {table.name: postgresql_upsert(table) for table in _TABLES},
}

Parameters = Mapping[str, list[Any]] | list[dict[str, Any]]

#: Maximum characters of text per statement. PostgreSQL refuses messages of 1 GiB.
MAX_STATEMENT_CHARS = 32 * 1024 * 1024


def write_rows(connection: Connection, rows: Rows) -> None:
    """Write rows of all tables, in the caller's transaction."""
    dialect = connection.dialect.name
    for table, table_rows in zip(_TABLES, rows, strict=True):
        for chunk in split_rows(table_rows):
            connection.execute(_STATEMENTS[dialect][table.name], _parameters(dialect, table, chunk))


def _parameters(dialect: str, table: Table, rows: list[Row]) -> Parameters:
    """Return one list per column for PostgreSQL, one mapping per row for SQLite."""
    if dialect == "postgresql":
        columns = zip(table.columns, zip(*rows, strict=True), strict=True)
        return {list_name(column): list(values) for column, values in columns}
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def split_rows(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the rows in chunks of at most MAX_STATEMENT_CHARS; a larger row is a chunk of its own."""
    if _size(rows) <= MAX_STATEMENT_CHARS:  # nearly always, and cheap to check
        if rows:
            yield rows
        return
    chunk: list[Row] = []
    room = MAX_STATEMENT_CHARS
    for row in rows:
        size = _size([row])
        if chunk and size > room:
            yield chunk
            chunk, room = [], MAX_STATEMENT_CHARS
        chunk.append(row)
        room -= size
    yield chunk


def _size(rows: list[Row]) -> int:
    """Return the characters of all text, column by column: a column either is all text or has none."""
    columns = [list(filter(None, column)) for column in zip(*rows, strict=True)]
    return sum(sum(map(len, values)) for values in columns if values and isinstance(values[0], str))
