"""Entries of the media lane and of handlers' lanes: one classified event each, as JSON with short names."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.errors import InvalidJSON, SluiceError
from shared.wire import lenient_json
from workers.events import Event, MediaMetadata
from workers.parsing import RawEvent, to_event

#: The receipt of an event that is replayed from the event store, since no webhook brought it in.
REPLAYED = "replay"


class InvalidEntry(SluiceError):
    """Bytes that are not an entry of a known version."""


class EventEntry(msgspec.Struct):
    """A classified event, and what is known about it besides the payload."""

    raw_event: RawEvent
    receipt: str  # id of the webhook's receipt
    received_ms: int  # when the webhook was acknowledged, milliseconds since 1970
    metadata: MediaMetadata | None = None  # once it was fetched
    trace: str = ""  # context of the trace that the event belongs to, if any


class Origin(msgspec.Struct):
    """Where an entry comes from: the id of its receipt, and its trace. Empty if unknown."""

    receipt: str = msgspec.field(default="", name="r")
    trace: str = msgspec.field(default="", name="tp")


#: Names in the JSON, and the fields of RawEvent that they stand for.
_SHORT = {"k": "key", "n": "kind", "t": "type", "b": "body", "c": "contact", "u": "business_number", "i": "media_id"}
_SHORT |= {"w": "reason"}


def encode_entry(entry: EventEntry) -> bytes:
    """Return the entry as bytes. Parts that are None or empty are left out."""
    raw_event = entry.raw_event
    fields: dict[str, Any] = {"r": entry.receipt, "at": entry.received_ms}
    for short, name in _SHORT.items():
        value = getattr(raw_event, name)
        if value is not None:
            fields[short] = value
    if entry.metadata is not None:
        fields["m"] = msgspec.to_builtins(entry.metadata)
    if entry.trace:
        fields["tp"] = entry.trace
    return lenient_json.dumps(fields)


def decode_entry(data: bytes) -> EventEntry:
    """Return the entry in `data`. Raises InvalidEntry."""
    try:
        fields = lenient_json.loads(data)
        named = {name: fields.get(short) for short, name in _SHORT.items()}
        metadata = msgspec.convert(fields["m"], MediaMetadata) if "m" in fields else None
        trace = str(fields.get("tp", ""))
        return EventEntry(msgspec.convert(named, RawEvent), str(fields["r"]), int(fields["at"]), metadata, trace)
    except (
        InvalidJSON,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        msgspec.ValidationError,
    ) as error:
        raise InvalidEntry(f"not an event entry: {error!r}") from None


def entry_origin(data: bytes) -> Origin:
    """Return the receipt and trace of the entry in `data`, cheaper than decode_entry; empty if it is not an entry."""
    try:
        return msgspec.json.decode(data, type=Origin)
    except msgspec.DecodeError:  # JSON that only lenient_json reads (a lone surrogate, for example), or not an entry
        with suppress(InvalidEntry):
            entry = decode_entry(data)
            return Origin(entry.receipt, entry.trace)
    return Origin()


def entry_key(data: bytes) -> str:
    """Return the idempotency key of the entry in `data`, much cheaper than decode_entry. Raises InvalidEntry."""
    try:
        return str(lenient_json.loads(data)["k"])
    except (InvalidJSON, KeyError, TypeError) as error:
        raise InvalidEntry(f"not an event entry: {error!r}") from None


def build_event(entry: EventEntry, attempt: int) -> Event:
    """Return the event that a handler is called with, for its run number `attempt`. Raises InvalidEntry."""
    try:
        received_at = datetime.fromtimestamp(entry.received_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidEntry(f"the entry's time of receipt is invalid: {error!r}") from None
    return to_event(
        entry.raw_event, received_at=received_at, receipt=entry.receipt, attempt=attempt, metadata=entry.metadata
    )
