"""Events from webhooks in the provider's format, with real keys."""

from typing import Any

from tests.support.store.samples import START, at
from workers.events import Event
from workers.parsing import split_webhook, to_event

ASHA, RAVI = "919800000001", "919800000002"
BASE = int(START.timestamp())


def message_event(
    wamid: str, seconds: float = 0, kind: str = "text", part: Any = None, *, customer: str = ASHA, **more: Any
) -> Event:
    """Return a customer's message; `part` is its content, by default a text that contains its id."""
    part = {"body": f"text of {wamid}"} if part is None else part
    body = {"from": customer, "id": wamid, "timestamp": str(BASE + int(seconds)), "type": kind, kind: part}
    contacts = [{"profile": {"name": f"Name of {customer}"}, "wa_id": customer}]
    return _only({"contacts": contacts, "messages": body | more, "id": f"delivery of {wamid}"}, seconds)


def status_event(
    wamid: str, word: str, seconds: float = 0, *, customer: str = ASHA, number: str = "", **more: Any
) -> Event:
    """Return a status of an outgoing message."""
    body = {"id": wamid, "status": word, "timestamp": str(BASE + int(seconds)), "recipient_id": customer}
    envelope = {"statuses": [body | more], "id": "delivery"}
    return _only(envelope | ({"businessPhoneNumber": number} if number else {}), seconds)


def delivery_events(
    wamid: str, seconds: float = 0, *, way: str = "sent delivered read", category: str = "", **more: Any
) -> list[Event]:
    """Return the statuses of an outgoing message, one second apart."""
    if category:
        more["pricing"] = {"billable": category != "service", "pricing_model": "CBP", "category": category}
        more["conversation"] = {"id": f"conversation of {wamid}", "origin": {"type": category}}
    return [status_event(wamid, word, seconds + number, **more) for number, word in enumerate(way.split())]


def _only(document: dict[str, Any], seconds: float) -> Event:
    (item,) = split_webhook(document)
    return to_event(item, received_at=at(seconds + 1), receipt="00")
