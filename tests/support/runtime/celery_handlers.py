"""A handler that the worker tests run; it notes what it did in the file NOTES."""

import os
import time
from pathlib import Path

from workers.events import TextMessage
from workers.handlers import handler

_NOTES = Path(os.environ["NOTES"])


@handler("text")
def write(event: TextMessage) -> None:
    """Hangs at the first run of what says so; else notes the text."""
    hangs = f"hangs {event.key}"
    if event.text == "hang" and hangs not in _NOTES.read_text():
        _note(f"{hangs} {os.getpid()}")
        time.sleep(600)
    _note(f"did {event.text}")


def _note(line: str) -> None:
    with _NOTES.open("a") as notes:
        notes.write(f"{line}\n")
