"""Handlers that fail like users' handlers: some events are rejected, some retried for a long time, some die."""

from workers.events import ImageMessage, LocationMessage, TextMessage
from workers.handlers import Reject, Retry, handler


@handler("text", retry=Retry(attempts=2, base=0.1, cap=0.1))
def answer(event: TextMessage) -> None:
    """Reject customers who want no answer; fail to look up orders."""
    text = event.text or ""
    if "STOP" in text:
        raise Reject(f"{event.contact.name if event.contact else event.customer} wants no answer")
    if "order" in text:
        raise LookupError(f"order {len(text) * 7919} of {event.customer} is not in the CRM")


@handler("image", retry=Retry(attempts=8, base=600, cap=3600))
def describe(event: ImageMessage) -> None:
    """Fail and be retried for a long time."""
    raise TimeoutError("the vision API did not answer within 30 s")


@handler("location", retry=Retry(attempts=2, base=0.1, cap=0.1))
def nearest_shop(event: LocationMessage) -> None:
    """Fail to find a shop."""
    raise ValueError(f"no shop near {event.latitude}, {event.longitude}")
