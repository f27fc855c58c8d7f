"""Handlers that fail as users' handlers do: some events are rejected, some retried for long, some die."""

from workers.events import ImageMessage, LocationMessage, TextMessage
from workers.handlers import Reject, Retry, handler


@handler("text", retry=Retry(attempts=2, base=0.1, cap=0.1))
def answer(event: TextMessage) -> None:
    """Rejects whoever wants no answer; cannot look up orders."""
    text = event.text or ""
    if "STOP" in text:
        raise Reject(f"{event.contact.name if event.contact else event.customer} wants no answer")
    if "order" in text:
        raise LookupError(f"order {len(text) * 7919} of {event.customer} is not in the CRM")


@handler("image", retry=Retry(attempts=8, base=600, cap=3600))
def describe(event: ImageMessage) -> None:
    """Is tried again for long."""
    raise TimeoutError("the vision API did not answer within 30 s")


@handler("location", retry=Retry(attempts=2, base=0.1, cap=0.1))
def nearest_shop(event: LocationMessage) -> None:
    """Finds none."""
    raise ValueError(f"no shop near {event.latitude}, {event.longitude}")
