"""The rules that merge two rows with the same key; `fold` applies them in Python, `upserts` in SQL.

Statuses repeat and overtake each other, so the merged row must not depend on order or repetition. Each rule therefore
picks a maximum under a total order. It takes its columns together from one of the two rows, so that values which belong
together (an error's code and its title) are never mixed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Table

from workers.events import UNKNOWN
from workers.store.schema.tables import customers, deliveries, events, media, messages

#: Progress of each status. `failed` is only above `sent`: a message may be delivered after it failed.
STATUS_RANKS: Mapping[str, int] = {"sent": 1, "failed": 2, "delivered": 3, "read": 4, "played": 5}


class Criterion(NamedTuple):
    """A comparison of one column: the greater value wins, or the smaller one; null always loses."""

    column: str
    smallest: bool = False
    ranks: Mapping[str, int] | None = None  # compares by the values' ranks; UNLISTED for others


#: Rank of a value that has none: above all others.
UNLISTED = 100


class MergeRule(NamedTuple):
    """Take `columns` together from the row that wins by `order`; later criteria break ties."""

    columns: tuple[str, ...]
    order: tuple[Criterion, ...]


def _rule(*columns: str, by: Sequence[Criterion] = ()) -> MergeRule:
    """Return a rule that breaks ties by every column, so rows that still tie are equal in all of them."""
    named = {criterion.column for criterion in by if criterion.ranks is None}
    return MergeRule(columns, (*by, *(Criterion(column) for column in columns if column not in named)))


def _non_key_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]


# A known type beats `unknown`: replaying an event through a newer version improves its row.
_KNOWN_TYPE = Criterion("type", ranks={UNKNOWN: 0})

RULES: Mapping[str, tuple[MergeRule, ...]] = {
    events.name: (_rule(*_non_key_columns(events), by=[_KNOWN_TYPE, Criterion("received_at", smallest=True)]),),
    # The earliest, because a guessed time is later than the true one.
    messages.name: (_rule(*_non_key_columns(messages), by=[_KNOWN_TYPE, Criterion("occurred_at", smallest=True)]),),
    deliveries.name: (
        MergeRule(("status",), (Criterion("status", ranks=STATUS_RANKS),)),  # ranks are distinct, so there are no ties
        _rule("sent_at", by=[Criterion("sent_at", smallest=True)]),
        _rule("delivered_at", by=[Criterion("delivered_at", smallest=True)]),
        _rule("read_at", by=[Criterion("read_at", smallest=True)]),
        _rule("failed_at", by=[Criterion("failed_at", smallest=True)]),
        _rule("error_code", "error_title"),
        # A message's statuses agree on these or omit them. If they don't agree, any fixed choice is fine, and with
        # "the greater" a message that was billed once stays billed.
        _rule("conversation_id"),
        _rule("category"),
        _rule("billable"),
        _rule("business_number"),
    ),
    media.name: (
        _rule("wamid"),
        _rule("filename"),
        # Fetched beats not fetched (null time), later beats earlier, an error beats no information.
        _rule(
            "mime_type",
            "sha256",
            "url",
            "file_size",
            "fetched_at",
            "error",
            by=[Criterion("fetched_at"), Criterion("error")],
        ),
    ),
    customers.name: (_rule("last_seen_at"), _rule("name", "named_at", by=[Criterion("named_at")])),
}
