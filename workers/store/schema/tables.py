"""The tables of the event store, as declared for SQLite and PostgreSQL.

Text columns of PostgreSQL use the collation "C", code point by code point, as SQLite and Python compare:
what the merge rules call smaller is then the same everywhere, and indexes survive an upgrade of the locale.
Few indexes, because each is paid for with every event; the events of a message are found by their keys (`keyranges`).
What is added here is added to databases that are there already (`schema`).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Dialect, Index, MetaData, Table, Text, TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python, timestamptz on PostgreSQL, ISO text that sorts on SQLite (in UTC)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """datetime."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC: SQLite's text carries no zone."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, comment: str, **options: Any) -> Column[str]:
    return Column(name, _TEXT, comment=comment, **options)


def _time(name: str, comment: str, **options: Any) -> Column[datetime]:
    return Column(name, Instant, comment=comment, **options)


metadata = MetaData()

events = Table(
    "events",
    metadata,
    _text("key", "idempotency key", primary_key=True),
    _text("kind", "message, status or unknown", nullable=False),
    _text("type", "text, image, sent, delivered, unknown …", nullable=False),
    _text("wamid", "the message the event is, or is about"),
    _text("customer", "sender of a message, recipient of a status"),
    _text("business_number", "which of your numbers is concerned"),
    _time("occurred_at", "by the provider's clock", nullable=False),
    _time("received_at", "when the webhook was acknowledged", nullable=False),
    _text("payload", "the event as it came, JSON", nullable=False),
    Index("events_by_customer", "customer", "occurred_at"),
    # Not BRIN, which cannot sort. Times are whole seconds and grow: many entries share one place at the right end.
    Index("events_by_occurrence", "occurred_at"),
    Index("events_by_type", "type", "occurred_at"),
    comment="Everything that came in, once each",
)

messages = Table(
    "messages",
    metadata,
    _text("wamid", "id of the message", primary_key=True),
    _text("type", "text, image …, unknown", nullable=False),
    _text("customer", "sender"),
    _text("text", "what a person would read: body, caption, button, title, place …"),
    _text("media_id", "row of media"),
    _text("reply_to", "wamid this answers, reacts to, edits or revokes"),
    _time("occurred_at", "by the provider's clock", nullable=False),
    Index("messages_by_customer", "customer", "occurred_at"),
    Index("messages_by_occurrence", "occurred_at"),
    comment="What customers wrote",
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("wamid", "id of the message sent", primary_key=True),
    _text("recipient", "to whom; each member of a group has a row", primary_key=True),
    _text("status", "how far it came: sent, failed, delivered, read, played; never backwards", nullable=False),
    _time("sent_at", "earliest time seen"),
    _time("delivered_at", "earliest time seen"),
    _time("read_at", "earliest time seen"),
    _time("failed_at", "earliest time seen; kept when it was delivered after all"),
    Column("error_code", BigInteger, comment="the provider's code"),
    _text("error_title", "its words"),
    _text("conversation_id", "billing conversation"),
    _text("category", "what it is billed as: marketing, utility …"),
    Column("billable", Boolean, comment="whether it is billed"),
    _text("business_number", "which of your numbers sent it"),
    # By `sent_at`, since that is mostly there first and does not change: an index on a column that is updated would
    # make each update write to all indexes.
    Index("deliveries_by_sending", "sent_at"),
    # Rows are updated two or three times: with room on its page, an update need not touch the index.
    postgresql_with={"fillfactor": 70},
    comment="What became of each message sent",
)

media = Table(
    "media",
    metadata,
    _text("id", "media id; `link:<wamid>` for a file that came as a mere link", primary_key=True),
    _text("wamid", "message it came with"),
    _text("mime_type", "as the media API says, else as the webhook does"),
    _text("sha256", "base64 or hexadecimal, as it came"),
    _text("filename", "as the customer named it"),
    _text("url", "short-lived: ask again by id"),
    Column("file_size", BigInteger, comment="bytes"),
    _time("fetched_at", "when the metadata was fetched; null: never"),
    _text("error", "why there is no metadata"),
    comment="Files that came with messages",
)

customers = Table(
    "customers",
    metadata,
    _text("id", "phone number in digits, or business-scoped id", primary_key=True),
    _text("name", "the newest name given; as the customer wrote it"),
    _time("last_seen_at", "time of the newest message", nullable=False),
    # Without it "newest name" would depend on the order of arrival: the newest message may carry no name.
    _time("named_at", "time of the newest message that carried a name"),
    comment="Who wrote",
)
