"""Rows of one batch that share a key become one row, in Python, by the same rules as in SQL.

PostgreSQL refuses a statement that would touch one row twice. The rows come out sorted by key: two workers that
write the same rows then lock them in the same order, and never each wait for the other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from workers.store.write.merge_rules import RULES, UNLISTED, Criterion

#: A row: values in the order of its table's columns, the primary key first.
Row = tuple[Any, ...]


def folder(table: Table) -> Callable[[Iterable[Row]], list[Row]]:
    """The function that folds and sorts rows of `table`."""
    width = len(table.primary_key.columns)
    merge = _merger(table)

    def fold(rows: Iterable[Row]) -> list[Row]:
        found: dict[Row, Row] = {}
        for row in rows:
            key = row[:width]
            known = found.get(key)
            found[key] = row if known is None else merge(known, row)
        return [found[key] for key in sorted(found)]

    return fold


def _merger(table: Table) -> Callable[[Row, Row], Row]:
    index = {column.name: i for i, column in enumerate(table.columns)}
    choices = [
        ([index[name] for name in choice.columns], [(index[by.column], by) for by in choice.order])
        for choice in RULES[table.name]
    ]

    def merge(old: Row, new: Row) -> Row:
        merged = list(old)
        for columns, order in choices:
            if _wins(new, old, order):
                for i in columns:
                    merged[i] = new[i]
        return tuple(merged)

    return merge


def _wins(new: Row, old: Row, order: Sequence[tuple[int, Criterion]]) -> bool:
    for i, by in order:
        left, right = _ranked(new[i], by.ranks), _ranked(old[i], by.ranks)
        if left != right:
            return right is None or (left is not None and (left < right) == by.smallest)
    return False


def _ranked(value: Any, ranks: Mapping[str, int] | None) -> Any:
    return value if ranks is None else ranks.get(value, UNLISTED)
