"""Entries of the handlers' and the media lane: one classified event each, as JSON with short names."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.errors import InvalidJSON, SluiceError
from shared.wire import lenient_json
from workers.events import Event, MediaMetadata
from workers.parsing import RawEvent, to_event

#: What stands for the receipt of an event that is replayed from the event store: it did not come in just now.
REPLAYED = "replay"


class InvalidEntry(SluiceError):
    """Bytes that are no entry of a version this program knows."""


class EventEntry(msgspec.Struct):
    """A classified event with the receipt it came in and, once fetched, its media metadata; and the context of the
    trace that it is a part of, if any."""

    raw_event: RawEvent
    receipt: str
    received_ms: int
    metadata: MediaMetadata | None = None
    trace: str = ""


class Origin(msgspec.Struct):
    """Where an entry comes from: receipt and trace."""

    receipt: str = msgspec.field(default="", name="r")
    trace: str = msgspec.field(default="", name="tp")


_SHORT = {"k": "key", "n": "kind", "t": "type", "b": "body", "c": "contact", "u": "business_number", "i": "media_id"}
_SHORT |= {"w": "reason"}


def encode_entry(entry: EventEntry) -> bytes:
    """The entry's bytes. Parts that are None or empty are left out."""
    item = entry.raw_event
    fields: dict[str, Any] = {"r": entry.receipt, "at": entry.received_ms}
    for short, name in _SHORT.items():
        value = getattr(item, name)
        if value is not None:
            fields[short] = value
    if entry.metadata is not None:
        fields["m"] = msgspec.to_builtins(entry.metadata)
    if entry.trace:
        fields["tp"] = entry.trace
    return lenient_json.dumps(fields)


def decode_entry(data: bytes) -> EventEntry:
    """The entry in `data`. Raises InvalidEntry."""
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
        raise InvalidEntry(f"this is no event entry: {error!r}") from None


def entry_origin(data: bytes) -> Origin:
    """Receipt and trace of the entry in `data`, by a quick look where that does; both empty in what is no entry."""
    try:
        return msgspec.json.decode(data, type=Origin)
    except msgspec.DecodeError:  # JSON that only jsontext reads (half a character, say), or no entry
        with suppress(InvalidEntry):
            entry = decode_entry(data)
            return Origin(entry.receipt, entry.trace)
    return Origin()


def entry_key(data: bytes) -> str:
    """The idempotency key of the event in `data`, at a fraction of what `unpack` costs. Raises InvalidEntry."""
    try:
        return str(lenient_json.loads(data)["k"])
    except (InvalidJSON, KeyError, TypeError) as error:
        raise InvalidEntry(f"this is no event entry: {error!r}") from None


def build_event(entry: EventEntry, attempt: int) -> Event:
    """What a handler is called with. Raises InvalidEntry."""
    try:
        received_at = datetime.fromtimestamp(entry.received_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidEntry(f"this entry was received at no time there is: {error!r}") from None
    return to_event(
        entry.raw_event, received_at=received_at, receipt=entry.receipt, attempt=attempt, metadata=entry.metadata
    )
