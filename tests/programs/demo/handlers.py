"""Handlers of the demo: what a user would write, one of them failing as users' handlers do."""

import os
from collections.abc import Sequence
from pathlib import Path

from workers.events import StatusUpdate, TextMessage
from workers.handlers import Reject, Retry, handler

_LOG = Path(os.environ["DEMO_LOG"])


@handler("text", retry=Retry(attempts=5, base=0.2, cap=1.0))
def fails_twice(event: TextMessage) -> None:
    """Fails for every text at its first two attempts, then notes it; answers nobody who wants no answer."""
    if event.text == "STOP":
        raise Reject("this customer wants no answer")
    if event.attempt < 3:
        raise ConnectionError(f"attempt {event.attempt} fails on purpose")
    _note("fails_twice", [event.key])


@handler("failed", batch=True)
def undelivered(events: Sequence[StatusUpdate]) -> None:
    """Notes what was not delivered, in batches."""
    _note("undelivered", [event.key for event in events])


def _note(handler_name: str, keys: list[str]) -> None:
    # One write a call: lines of several processes do not mix.
    with _LOG.open("a") as log:
        log.write("".join(f"{handler_name} {key}\n" for key in keys))
