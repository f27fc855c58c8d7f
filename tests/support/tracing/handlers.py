"""Handlers of the tests of traces."""

from collections.abc import Sequence

from workers.events import ImageMessage, StatusUpdate, TextMessage
from workers.handlers import Retry, handler


@handler("text", retry=Retry(attempts=3, base=0.01, cap=0.01))
def greet(event: TextMessage) -> None:
    """Fails at first, with what must be in no span."""
    if event.attempt == 1:
        raise ConnectionError(f"could not answer {event.customer}: {event.text}")


@handler("image")
def look(event: ImageMessage) -> None:
    """Comes by way of the media lane."""


@handler("sent", batch=True)
def count(events: Sequence[StatusUpdate]) -> None:
    """Takes all at once."""
