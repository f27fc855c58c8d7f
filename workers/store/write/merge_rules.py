"""How two rows of one key become one: declared here once; `fold` follows it in Python, `upserts` in SQL.

Statuses repeat and overtake each other, so a rule must give the same row in any order and with any repetition.
Hence each *choice* is a maximum under a total order: maxima do not care. A choice takes its columns together
from one of the two rows, so that what belongs together (an error's code and its title) is never mixed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Table

from workers.events import UNKNOWN
from workers.store.schema.tables import customers, deliveries, events, media, messages

#: How far each status is. `failed` is above `sent` only: a message may be delivered after it failed.
STATUS_RANKS: Mapping[str, int] = {"sent": 1, "failed": 2, "delivered": 3, "read": 4, "played": 5}


class Criterion(NamedTuple):
    """One criterion: the greater value wins, or the smaller one; null always loses. Words may be ranked."""

    column: str
    smallest: bool = False
    ranks: Mapping[str, int] | None = None  # a word that is not listed counts UNLISTED


#: Rank of a word that has none of its own: above all that have.
UNLISTED = 100


class MergeRule(NamedTuple):
    """`columns` are taken together from the row that wins by `order`, one criterion after the other."""

    columns: tuple[str, ...]
    order: tuple[Criterion, ...]


def _choice(*columns: str, by: Sequence[Criterion] = ()) -> MergeRule:
    """With every column as a last criterion: rows that still tie are equal in all that is chosen."""
    named = {criterion.column for criterion in by if criterion.ranks is None}
    return MergeRule(columns, (*by, *(Criterion(column) for column in columns if column not in named)))


def _rest(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]


# A known type beats the same event read as unknown: replayed through a newer version, its row improves.
_KNOWN = Criterion("type", ranks={UNKNOWN: 0})

RULES: Mapping[str, tuple[MergeRule, ...]] = {
    events.name: (_choice(*_rest(events), by=[_KNOWN, Criterion("received_at", smallest=True)]),),
    # The earliest, because a time that had to be guessed is later than the true one.
    messages.name: (_choice(*_rest(messages), by=[_KNOWN, Criterion("occurred_at", smallest=True)]),),
    deliveries.name: (
        MergeRule(("status",), (Criterion("status", ranks=STATUS_RANKS),)),  # no two have one rank: it decides alone
        _choice("sent_at", by=[Criterion("sent_at", smallest=True)]),
        _choice("delivered_at", by=[Criterion("delivered_at", smallest=True)]),
        _choice("read_at", by=[Criterion("read_at", smallest=True)]),
        _choice("failed_at", by=[Criterion("failed_at", smallest=True)]),
        _choice("error_code", "error_title"),
        # A message's statuses agree about these or leave them out. Should they not agree, any fixed choice
        # will do, and "the greater" means that what was billed once stays billed.
        _choice("conversation_id"),
        _choice("category"),
        _choice("billable"),
        _choice("business_number"),
    ),
    media.name: (
        _choice("wamid"),
        _choice("filename"),
        # Fetched beats not fetched (that time is null), later beats earlier, an error beats knowing nothing.
        _choice(
            "mime_type",
            "sha256",
            "url",
            "file_size",
            "fetched_at",
            "error",
            by=[Criterion("fetched_at"), Criterion("error")],
        ),
    ),
    customers.name: (_choice("last_seen_at"), _choice("name", "named_at", by=[Criterion("named_at")])),
}
