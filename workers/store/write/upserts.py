"""The SQL statements that write: one per table, which inserts rows and merges them with existing ones.

`INSERT … ON CONFLICT (primary key) DO UPDATE SET column = CASE WHEN <new wins> THEN excluded.column ELSE
table.column END … WHERE <new wins somewhere>`, by the rules of `merge_rules`. Repeating it writes nothing.

Parameters: on SQLite one mapping per row, from column to value (executemany). On PostgreSQL all rows together, one
array per column, named `<column>_list`: `INSERT … SELECT … FROM unnest(…)` is one round trip and one plan. Sent in
binary, it takes half the time of executemany (sent as text, it would be slower than executemany).
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
    """Return the statement for SQLite. Parameters: for each row a mapping from column to value."""
    insert = sqlite.insert(table)
    changes, condition = _merge(table, insert.excluded)
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes, where=condition)


def postgresql_upsert(table: Table) -> Insert:
    """Return the statement for PostgreSQL. Parameters: one mapping from `<column>_list` to the values of all rows."""
    names = [col.name for col in table.columns]
    arrays = [bindparam(list_name(col), type_=ARRAY(_ELEMENT[col.type.python_type])) for col in table.columns]
    incoming = func.unnest(*arrays).table_valued(*(column(name) for name in names)).render_derived(name="incoming")
    insert = postgresql.insert(table)
    changes, condition = _merge(table, insert.excluded)
    return insert.from_select(names, select(*incoming.c)).on_conflict_do_update(
        index_elements=list(table.primary_key), set_=changes, where=condition
    )


def list_name(col: Column[Any]) -> str:
    """Return the name of the parameter with a column's values of all rows, on PostgreSQL."""
    return f"{col.name}_list"


def _merge(table: Table, new: Columns) -> tuple[dict[str, ColumnElement[Any]], ColumnElement[bool]]:
    """Return the SET and the WHERE of the update."""
    rules = RULES[table.name]
    conditions = [_wins(table, new, rule.order) for rule in rules]
    if len(rules) == 1:  # all columns or none: the WHERE decides
        return {name: new[name] for name in rules[0].columns}, conditions[0]
    changes: dict[str, ColumnElement[Any]] = {
        name: case((condition, new[name]), else_=table.c[name])
        for rule, condition in zip(rules, conditions, strict=True)
        for name in rule.columns
    }
    return changes, or_(*conditions)


def _wins(table: Table, new: Columns, order: Sequence[Criterion]) -> ColumnElement[bool]:
    """Return the condition that the new row wins over the one in the table; never null."""
    criterion, rest = order[0], order[1:]
    left, right = (_ranked(row[criterion.column], criterion) for row in (new, table.c))
    better, same = (left < right if criterion.smallest else left > right), left == right
    if table.c[criterion.column].nullable:
        better = and_(left.is_not(None), or_(right.is_(None), better))
        same = left.is_not_distinct_from(right)
    return or_(better, and_(same, _wins(table, new, rest))) if rest else better


def _ranked(value: ColumnElement[Any], criterion: Criterion) -> ColumnElement[Any]:
    """Return the value's rank, spelled with literals: parameters would only make the statement hard to read."""
    if criterion.ranks is None:
        return value
    ranks = ((value == literal_column(f"'{name}'"), _number(rank)) for name, rank in criterion.ranks.items())
    return case(*ranks, else_=_number(UNLISTED))


def _number(rank: int) -> ColumnElement[int]:
    return literal_column(str(rank), Integer)
