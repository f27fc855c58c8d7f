"""Merge rows of one batch that share a key, in Python, by the same rules as in SQL.

PostgreSQL refuses a statement that would update a row twice. The merged rows are sorted by key, so two workers that
write the same rows lock them in the same order and can't deadlock.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from workers.store.write.merge_rules import RULES, UNLISTED, Criterion

#: A row: values in the order of its table's columns, the primary key first.
Row = tuple[Any, ...]


def fold_function(table: Table) -> Callable[[Iterable[Row]], list[Row]]:
    """Return a function that merges rows of `table` by key and sorts them."""
    width = len(table.primary_key.columns)
    merge = _merger(table)

    def fold(rows: Iterable[Row]) -> list[Row]:
        by_key: dict[Row, Row] = {}
        for row in rows:
            key = row[:width]
            known = by_key.get(key)
            by_key[key] = row if known is None else merge(known, row)
        return [by_key[key] for key in sorted(by_key)]

    return fold


def _merger(table: Table) -> Callable[[Row, Row], Row]:
    index = {column.name: i for i, column in enumerate(table.columns)}
    rules = [
        ([index[name] for name in rule.columns], [(index[criterion.column], criterion) for criterion in rule.order])
        for rule in RULES[table.name]
    ]

    def merge(old: Row, new: Row) -> Row:
        merged = list(old)
        for columns, order in rules:
            if _wins(new, old, order):
                for i in columns:
                    merged[i] = new[i]
        return tuple(merged)

    return merge


def _wins(new: Row, old: Row, order: Sequence[tuple[int, Criterion]]) -> bool:
    for i, criterion in order:
        left, right = _ranked(new[i], criterion.ranks), _ranked(old[i], criterion.ranks)
        if left != right:
            return right is None or (left is not None and (left < right) == criterion.smallest)
    return False


def _ranked(value: Any, ranks: Mapping[str, int] | None) -> Any:
    return value if ranks is None else ranks.get(value, UNLISTED)
