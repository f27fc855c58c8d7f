"""The SQL that writes: for each table one statement that inserts rows and merges those that are there.

`INSERT … ON CONFLICT (primary key) DO UPDATE SET column = CASE WHEN <new wins> THEN excluded.column ELSE
table.column END … WHERE <new wins somewhere>`, by the rules of `rules`. Repeated, it writes nothing.

Parameters: on SQLite one row each time, a value a column, named like it (executemany). On PostgreSQL all rows at
once, one array a column, named `<column>_list`: `INSERT … SELECT … FROM unnest(…)` is one round trip and one
plan. Sent in binary, it takes half the time of executemany (in text, it would be slower than that).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.types import TypeEngine

from workers.store.write.merge_rules import RULES, UNLISTED, Criterion

_ELEMENT: Mapping[type, TypeEngine[Any]] = {
    str: Text(),
    int: BigInteger(),
    bool: Boolean(),
    datetime: DateTime(timezone=True),
}

Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]


def sqlite_upsert(table: Table) -> Insert:
    """The statement for SQLite; parameters: a mapping from column to value for each row."""
    insert = sqlite.insert(table)
    changes, condition = _merge(table, insert.excluded)
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes, where=condition)


def postgresql_upsert(table: Table) -> Insert:
    """The statement for PostgreSQL; parameters: one mapping from `<column>_list` to all rows' values."""
    names = [col.name for col in table.columns]
    arrays = [bindparam(list_name(col), type_=ARRAY(_ELEMENT[col.type.python_type])) for col in table.columns]
    incoming = func.unnest(*arrays).table_valued(*(column(name) for name in names)).render_derived(name="incoming")
    insert = postgresql.insert(table)
    changes, condition = _merge(table, insert.excluded)
    return insert.from_select(names, select(*incoming.c)).on_conflict_do_update(
        index_elements=list(table.primary_key), set_=changes, where=condition
    )


def list_name(col: Column[Any]) -> str:
    """Name of the parameter that holds a column's values for all rows, on PostgreSQL."""
    return f"{col.name}_list"


def _merge(table: Table, new: Columns) -> tuple[dict[str, ColumnElement[Any]], ColumnElement[bool]]:
    """The SET and the WHERE of an update."""
    choices = RULES[table.name]
    conditions = [_wins(table, new, choice.order) for choice in choices]
    if len(choices) == 1:  # all or nothing: the WHERE has decided
        return {name: new[name] for name in choices[0].columns}, conditions[0]
    changes: dict[str, ColumnElement[Any]] = {
        name: case((condition, new[name]), else_=table.c[name])
        for choice, condition in zip(choices, conditions, strict=True)
        for name in choice.columns
    }
    return changes, or_(*conditions)


def _wins(table: Table, new: Columns, order: Sequence[Criterion]) -> ColumnElement[bool]:
    """Whether the new row wins over the one in the table; never null."""
    by, rest = order[0], order[1:]
    left, right = _ranked(new[by.column], by), _ranked(table.c[by.column], by)
    better, same = (left < right if by.smallest else left > right), left == right
    if table.c[by.column].nullable:
        better = and_(left.is_not(None), or_(right.is_(None), better))
        same = left.is_not_distinct_from(right)
    return or_(better, and_(same, _wins(table, new, rest))) if rest else better


def _ranked(value: ColumnElement[Any], by: Criterion) -> ColumnElement[Any]:
    """As literals: parameters in their place would only make the statement hard to read."""
    if by.ranks is None:
        return value
    ranks = {word: _number(rank) for word, rank in by.ranks.items()}
    return case(
        *((value == literal_column(f"'{word}'"), rank) for word, rank in ranks.items()), else_=_number(UNLISTED)
    )


def _number(rank: int) -> ColumnElement[int]:
    return literal_column(str(rank), Integer)
