"""Envelopes: the shapes a webhook comes in.

- Omni: `messages` is one object, `statuses` a list that ends with a stub `{"id": …}`, the delivery's own id
  (the provider's page, "Webhook - Callback URLs").
- 360dialog and the on-premises API: the same names at the root, both lists; several documents in one list.
- Meta: `entry[].changes[].value` holds the same names, with the receiving number under `metadata`
  (Cloud API, "Webhooks payload examples").

Anything else is kept as one unknown item. A document never yields no item: what was acknowledged stays visible.
"""

from typing import Any

from workers.parsing.addresses import contact_id, recipient, sender
from workers.parsing.coerce import Json, as_list, as_object, as_phone
from workers.parsing.raw_event import ACCOUNT_ERRORS, RawEvent, message_event, status_event, unknown_event

#: Names that are no event family of their own.
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
    """The items of one webhook (any JSON value), in the order they stand in. Never empty; never raises."""
    if isinstance(document, dict):
        return _document(document)
    if isinstance(document, list) and document:
        return [item for part in document for item in _part(part)]
    return [unknown_event(document, None, "nothing in it")]


def count_events(document: Any) -> int:
    """About how many items `split` would make of it, without making them. Total as `split` is."""
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
    """The document as one unknown item."""
    return unknown_event(document, as_object(document).get("id"), reason)


def _count_batch(source: Json) -> int:
    return len(as_list(source.get("messages"))) + len(as_list(source.get("statuses")))


def _part(part: Any) -> list[RawEvent]:
    return _document(part) if isinstance(part, dict) else [unknown_event(part, None, "a document that is no object")]


def _document(document: Json) -> list[RawEvent]:
    delivery = document.get("id")
    items = _batch(document, delivery, as_phone(document.get("businessPhoneNumber")), is_root=True)
    for entry in as_list(document.get("entry")):
        items += _entry(entry, document)
    return items or [unknown_event(document, delivery, _why_nothing(document))]


def _entry(entry: Any, document: Json) -> list[RawEvent]:
    changes = as_list(as_object(entry).get("changes"))
    if not changes:
        return [unknown_event(entry, document.get("id"), "an entry without changes")]
    return [item for change in changes for item in _change(change, document)]


def _change(change: Any, document: Json) -> list[RawEvent]:
    value = as_object(as_object(change).get("value"))
    number = as_object(value.get("metadata")).get("display_phone_number")
    business_number = as_phone(number) or as_phone(document.get("businessPhoneNumber"))
    delivery = document.get("id")
    items = _batch(value, delivery, business_number)
    return items or [unknown_event(change, delivery, _why_nothing(value), business_number)]


def _batch(source: Json, delivery: Any, business_number: str | None, *, is_root: bool = False) -> list[RawEvent]:
    """The items under `messages`, `statuses` and `errors` of one object; none where it has no messages nor statuses."""
    items = []
    messages = source.get("messages")
    if messages is not None:
        items = [
            message_event(body, delivery, business_number) for body in as_list(messages) if not _is_stub(body, delivery)
        ]
    statuses = source.get("statuses")
    if statuses is not None:
        bodies = as_list(statuses)
        if is_root and bodies and _has_only_id(bodies[-1]):
            bodies = bodies[:-1]
        items += [status_event(body, delivery, business_number) for body in bodies if not _is_stub(body, delivery)]
    if items:
        contacts = source.get("contacts")
        if contacts:
            _attach(contacts, items)
        errors = source.get("errors")
        if errors:
            items.append(unknown_event(errors, delivery, ACCOUNT_ERRORS, business_number))
    return items


def _has_only_id(body: Any) -> bool:
    return isinstance(body, dict) and len(body) == 1 and "id" in body


def _is_stub(body: Any, delivery: Any) -> bool:
    # The length comes first, for it is what tells nearly all entries from a stub. Only text is compared: comparing
    # two deep lists would exhaust the stack.
    return isinstance(body, dict) and len(body) == 1 and isinstance(delivery, str) and body.get("id") == delivery


def _attach(contacts: Any, items: list[RawEvent]) -> None:
    """Give each item the contact that names its customer. One that is left over belongs to the one item left over."""
    found = [contact for contact in as_list(contacts) if isinstance(contact, dict)]
    if len(found) == 1 and len(items) == 1:
        items[0].contact = found[0]
        return
    owners = {who: contact for contact in found if (who := contact_id(contact)) is not None}
    for item in items:
        item.contact = owners.get(_customer(item) or "")
    taken = {id(item.contact) for item in items}
    strangers = [contact for contact in found if id(contact) not in taken]
    lonely = [item for item in items if item.contact is None]
    if len(strangers) == 1 and len(lonely) == 1:
        lonely[0].contact = strangers[0]


def _customer(item: RawEvent) -> str | None:
    if not isinstance(item.body, dict):
        return None
    return sender(item.body) if item.kind == "message" else recipient(item.body)


def _why_nothing(source: Json) -> str:
    if source.get("errors"):
        return "errors only"
    if as_list(source.get("statuses")) or as_list(source.get("messages")):
        return "nothing but a stub"
    return "nothing in it" if source.keys() <= _ENVELOPE else "another event family"
