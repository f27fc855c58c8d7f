"""Envelopes: the forms in which a webhook comes.

- Omni: `messages` is one object, `statuses` a list that ends with a stub `{"id": …}`, the delivery's own id
  (the provider's page, "Webhook - Callback URLs").
- 360dialog and the on-premises API: the same names at the root, both are lists; several documents in one list.
- Meta: `entry[].changes[].value` holds the same names, with the receiving number under `metadata`
  (Cloud API, "Webhooks payload examples").

Anything else becomes one unknown event. Every document yields at least one event: what was acknowledged stays visible.
"""

from typing import Any

from workers.parsing.addresses import contact_id, recipient, sender
from workers.parsing.coerce import Json, as_list, as_object, as_phone
from workers.parsing.raw_event import ACCOUNT_ERRORS, RawEvent, message_event, status_event, unknown_event

#: Names at the root that are not event families.
_ENVELOPE = {
    "businessPhoneNumber",
    "contacts",
    "entry",
    "errors",
    "id",
    "messages",
    "messaging_product",
    "metadata",
    "object",
    "statuses",
}


def split_webhook(document: Any) -> list[RawEvent]:
    """Return the events of one webhook (any JSON value) in their order. Never empty; never raises."""
    if isinstance(document, dict):
        return _document(document)
    if isinstance(document, list) and document:
        return [event for part in document for event in _part(part)]
    return [unknown_event(document, None, "nothing in it")]


def count_events(document: Any) -> int:
    """Return about how many events split_webhook would return, without building them. Never raises."""
    total = 0
    for part in as_list(document):
        total += 1 + _count_batch(as_object(part))
        for entry in as_list(as_object(part).get("entry")):
            changes = as_list(as_object(entry).get("changes"))
            total += (
                1 + len(changes) + sum(_count_batch(as_object(as_object(change).get("value"))) for change in changes)
            )
    return total


def unknown_document(document: Any, reason: str) -> RawEvent:
    """Return the whole document as one unknown event."""
    return unknown_event(document, as_object(document).get("id"), reason)


def _count_batch(source: Json) -> int:
    return len(as_list(source.get("messages"))) + len(as_list(source.get("statuses")))


def _part(part: Any) -> list[RawEvent]:
    return (
        _document(part) if isinstance(part, dict) else [unknown_event(part, None, "a document that is not an object")]
    )


def _document(document: Json) -> list[RawEvent]:
    delivery = document.get("id")
    events = _batch(document, delivery, as_phone(document.get("businessPhoneNumber")), is_root=True)
    for entry in as_list(document.get("entry")):
        events += _entry(entry, document)
    return events or [unknown_event(document, delivery, _why_unknown(document))]


def _entry(entry: Any, document: Json) -> list[RawEvent]:
    changes = as_list(as_object(entry).get("changes"))
    if not changes:
        return [unknown_event(entry, document.get("id"), "an entry without changes")]
    return [event for change in changes for event in _change(change, document)]


def _change(change: Any, document: Json) -> list[RawEvent]:
    value = as_object(as_object(change).get("value"))
    number = as_object(value.get("metadata")).get("display_phone_number")
    business_number = as_phone(number) or as_phone(document.get("businessPhoneNumber"))
    delivery = document.get("id")
    events = _batch(value, delivery, business_number)
    return events or [unknown_event(change, delivery, _why_unknown(value), business_number)]


def _batch(source: Json, delivery: Any, business_number: str | None, *, is_root: bool = False) -> list[RawEvent]:
    """Return the events under `messages`, `statuses` and `errors` of one object; none without messages and statuses."""
    events = []
    messages = source.get("messages")
    if messages is not None:
        events = [
            message_event(body, delivery, business_number) for body in as_list(messages) if not _is_stub(body, delivery)
        ]
    statuses = source.get("statuses")
    if statuses is not None:
        bodies = as_list(statuses)
        if is_root and bodies and _has_only_id(bodies[-1]):
            bodies = bodies[:-1]
        events += [status_event(body, delivery, business_number) for body in bodies if not _is_stub(body, delivery)]
    if events:
        contacts = source.get("contacts")
        if contacts:
            _attach(contacts, events)
        errors = source.get("errors")
        if errors:
            events.append(unknown_event(errors, delivery, ACCOUNT_ERRORS, business_number))
    return events


def _has_only_id(body: Any) -> bool:
    return isinstance(body, dict) and len(body) == 1 and "id" in body


def _is_stub(body: Any, delivery: Any) -> bool:
    # The length comes first, since it tells nearly all entries from a stub. Only text is compared: comparing two deep
    # lists would exhaust the stack.
    return isinstance(body, dict) and len(body) == 1 and isinstance(delivery, str) and body.get("id") == delivery


def _attach(contacts: Any, events: list[RawEvent]) -> None:
    """Give each event the contact of its customer. A single contact left over belongs to a single event left over."""
    candidates = [contact for contact in as_list(contacts) if isinstance(contact, dict)]
    if len(candidates) == 1 and len(events) == 1:
        events[0].contact = candidates[0]
        return
    by_customer = {customer: contact for contact in candidates if (customer := contact_id(contact)) is not None}
    for event in events:
        event.contact = by_customer.get(_customer(event) or "")
    used = {id(event.contact) for event in events}
    unused = [contact for contact in candidates if id(contact) not in used]
    without_contact = [event for event in events if event.contact is None]
    if len(unused) == 1 and len(without_contact) == 1:
        without_contact[0].contact = unused[0]


def _customer(event: RawEvent) -> str | None:
    if not isinstance(event.body, dict):
        return None
    return sender(event.body) if event.kind == "message" else recipient(event.body)


def _why_unknown(source: Json) -> str:
    if source.get("errors"):
        return "errors only"
    if as_list(source.get("statuses")) or as_list(source.get("messages")):
        return "nothing but a stub"
    return "nothing in it" if source.keys() <= _ENVELOPE else "another event family"
