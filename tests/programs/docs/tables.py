"""The tables of the event store, from `workers.store.schema.tables`."""

from collections.abc import Iterator

from sqlalchemy import Boolean, Column, Dialect, Table
from sqlalchemy.dialects import postgresql

from workers.store.schema.tables import metadata

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def sections() -> str:
    """Return one section for each table, in the order of their declaration."""
    return "\n\n".join("\n".join(_section(table)) for table in metadata.tables.values())


def _section(table: Table) -> Iterator[str]:
    yield f"## `{table.name}`\n\n{table.comment}.\n\n| column | type | meaning |\n| --- | --- | --- |"
    for column in table.columns:
        key = " Primary key." if column.primary_key else ""
        yield f"| `{column.name}` | {_type(column)} | {_sentence(str(column.comment))}{key} |"


def _type(column: Column[object]) -> str:
    if isinstance(column.type, Boolean):
        return "boolean"
    name = column.type.compile(_DIALECT).lower()
    return "time" if name.startswith("timestamp") else name.partition(" ")[0]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(("…", ".")) else ".")
