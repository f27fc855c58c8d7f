"""The tables of the event store, for SQLite and PostgreSQL.

On PostgreSQL, text columns use the collation "C", which compares by code point like SQLite and Python: the merge rules
then order values the same way everywhere, and indexes survive an upgrade of the locale. There are few indexes because
every event pays for each of them; the events of a message are found by their keys (`read/event_key_range.py`). Columns
and indexes that are added here are also added to existing databases (`schema/upgrade.py`).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Dialect, Index, MetaData, Table, Text, TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A point in time: aware UTC datetime in Python, timestamptz on PostgreSQL, sortable ISO text (UTC) on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return datetime."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC, since SQLite's text has no time zone."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to an aware datetime in UTC."""
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
    _text("wamid", "the message that the event is, or is about"),
    _text("customer", "sender of a message, recipient of a status"),
    _text("business_number", "your number that received or sent it"),
    _time("occurred_at", "by the provider's clock", nullable=False),
    _time("received_at", "when the webhook was acknowledged", nullable=False),
    _text("payload", "the event as received, JSON", nullable=False),
    Index("events_by_customer", "customer", "occurred_at"),
    # Not BRIN, which can't sort. Times are whole seconds and grow, so new entries share pages at the right end.
    Index("events_by_occurrence", "occurred_at"),
    Index("events_by_type", "type", "occurred_at"),
    comment="Everything received, once each",
)

messages = Table(
    "messages",
    metadata,
    _text("wamid", "id of the message", primary_key=True),
    _text("type", "text, image …, unknown", nullable=False),
    _text("customer", "sender"),
    _text("text", "readable text: body, caption, button, title, place …"),
    _text("media_id", "row of media"),
    _text("reply_to", "wamid that it answers, reacts to, edits or revokes"),
    _time("occurred_at", "by the provider's clock", nullable=False),
    Index("messages_by_customer", "customer", "occurred_at"),
    Index("messages_by_occurrence", "occurred_at"),
    comment="What customers wrote",
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("wamid", "id of the message sent", primary_key=True),
    _text("recipient", "recipient; each member of a group has a row", primary_key=True),
    _text("status", "latest state: sent, failed, delivered, read, played; never goes back", nullable=False),
    _time("sent_at", "earliest time seen"),
    _time("delivered_at", "earliest time seen"),
    _time("read_at", "earliest time seen"),
    _time("failed_at", "earliest time seen; kept if it was delivered later"),
    Column("error_code", BigInteger, comment="the provider's code"),
    _text("error_title", "the provider's error title"),
    _text("conversation_id", "billing conversation"),
    _text("category", "billing category: marketing, utility …"),
    Column("billable", Boolean, comment="whether it is billed"),
    _text("business_number", "your number that sent it"),
    # By `sent_at`, which is usually set first and doesn't change: an index on an updated column would make each update
    # write to all indexes.
    Index("deliveries_by_sending", "sent_at"),
    # Rows are updated two or three times: with free space on its page, an update needn't touch the indexes.
    postgresql_with={"fillfactor": 70},
    comment="What became of each message sent",
)

media = Table(
    "media",
    metadata,
    _text("id", "media id; `link:<wamid>` for a file that came only as a link", primary_key=True),
    _text("wamid", "message that it came with"),
    _text("mime_type", "from the media API, else from the webhook"),
    _text("sha256", "base64 or hexadecimal, as received"),
    _text("filename", "the customer's name for the file"),
    _text("url", "expires soon; request a new one by id"),
    Column("file_size", BigInteger, comment="bytes"),
    _time("fetched_at", "when the metadata was fetched; null: not fetched"),
    _text("error", "why there is no metadata"),
    comment="Files that came with messages",
)

customers = Table(
    "customers",
    metadata,
    _text("id", "phone number in digits, or business-scoped id", primary_key=True),
    _text("name", "latest profile name, as the customer wrote it"),
    _time("last_seen_at", "time of the newest message", nullable=False),
    # Without it the latest name would depend on the order of arrival: the newest message may have no name.
    _time("named_at", "time of the newest message with a name"),
    comment="Customers who wrote",
)
