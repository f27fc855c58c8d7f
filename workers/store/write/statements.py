"""Writing rows: one upsert a table, each row once, however often it comes."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql.dml import Insert

from workers.store.schema.tables import metadata
from workers.store.write.fold import Row
from workers.store.write.rows import Rows
from workers.store.write.upserts import list_name, postgresql_upsert, sqlite_upsert

#: Tables in the order in which a batch writes them; the same in all workers, so that they never deadlock.
_TABLES: tuple[Table, ...] = tuple(metadata.tables[name] for name in Rows._fields)

_STATEMENTS: Mapping[str, Mapping[str, Insert]] = {
    "sqlite": {table.name: sqlite_upsert(table) for table in _TABLES},
    "postgresql": {table.name: postgresql_upsert(table) for table in _TABLES},
}

Parameters = Mapping[str, list[Any]] | list[dict[str, Any]]

#: Characters of text in one statement. PostgreSQL refuses messages of 1 GiB, whatever is in them.
_MAX_STATEMENT_CHARS = 32 * 1024 * 1024


def write_rows(connection: Connection, rows: Rows) -> None:
    """Write rows of all tables. The transaction is the caller's."""
    dialect = connection.dialect.name
    for table, table_rows in zip(_TABLES, rows, strict=True):
        for part in _parts(table_rows):
            connection.execute(_STATEMENTS[dialect][table.name], _parameters(dialect, table, part))


def _parameters(dialect: str, table: Table, rows: list[Row]) -> Parameters:
    """A list a column for PostgreSQL, a mapping a row for SQLite."""
    if dialect == "postgresql":
        columns = zip(table.columns, zip(*rows, strict=True), strict=True)
        return {list_name(column): list(values) for column, values in columns}
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    if _size(rows) <= _MAX_STATEMENT_CHARS:  # as nearly always, and to see it costs little
        if rows:
            yield rows
        return
    part: list[Row] = []
    room = _MAX_STATEMENT_CHARS
    for row in rows:
        size = _size([row])
        if part and size > room:
            yield part
            part, room = [], _MAX_STATEMENT_CHARS
        part.append(row)
        room -= size
    yield part


def _size(rows: list[Row]) -> int:
    """Characters of all text. Column by column, for a column is all text or has none."""
    columns = [list(filter(None, column)) for column in zip(*rows, strict=True)]
    return sum(sum(map(len, values)) for values in columns if values and isinstance(values[0], str))
