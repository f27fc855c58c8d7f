"""What an operator is shown of a lane entry: its event's type and key, its payload, and whose event it is. Pure."""

from shared.wire import lenient_json
from workers.events import Message, StatusUpdate
from workers.runtime.event_entry import EventEntry, InvalidEntry, build_event, decode_entry


def type_and_key(data: bytes) -> tuple[str, str]:
    """Return the type and the key of an entry's event; both are empty for a webhook that is not classified yet."""
    try:
        item = decode_entry(data).raw_event
    except InvalidEntry:
        return "", ""
    return item.type, item.key


def event_type(data: bytes) -> str:
    """Return the type of an entry's event; empty for a webhook that is not classified yet."""
    return type_and_key(data)[0]


def key_marker(key: str) -> bytes:
    """Return the bytes that the entry of the event with this key contains."""
    return lenient_json.dumps(key)


def payload_of(entry: EventEntry) -> bytes:
    """Return the event's own part of the webhook's payload, as JSON."""
    return lenient_json.dumps(entry.raw_event.body)


def is_about(data: bytes, customer: str) -> bool:
    """Return whether an entry's event is from or to the customer; for unknown events, whether it names the number."""
    try:
        event = build_event(decode_entry(data), 1)
    except InvalidEntry:
        return customer.encode() in data
    if isinstance(event, Message):
        return event.customer == customer
    if isinstance(event, StatusUpdate):
        return event.recipient == customer
    return customer.encode() in data
