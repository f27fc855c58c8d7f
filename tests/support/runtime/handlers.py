"""Handlers that the worker tests run; each notes what it did in a file of the folder NOTES."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from workers.events import ImageMessage, StatusUpdate, StickerMessage, TextMessage
from workers.handlers import Retry, handler

_NOTES = Path(os.environ["NOTES"])


@handler("text")
def write(event: TextMessage) -> None:
    """Exits the process where it is asked to; else notes the text."""
    if event.text == "exit":
        _note("deaths", "x")
        os._exit(9)
    if event.text == "slow":
        time.sleep(0.3)
    _note("texts", event.text or "")


@handler("sent", batch=True)
def count(events: Sequence[StatusUpdate]) -> None:
    """Takes its time, as a campaign's statuses do."""
    time.sleep(0.05)
    _note("statuses", *[event.wamid or "" for event in events])


@handler("image", queue="pictures")
def look(event: ImageMessage) -> None:
    """Has a queue of its own."""
    _note("pictures", event.wamid or "")


@handler("sticker", retry=Retry(attempts=3, base=0.1, cap=0.2))
def stick(event: StickerMessage) -> None:
    """Fails for everyone while there is a file that says so."""
    if (_NOTES / "down").exists():
        _note("failures", event.wamid or "")
        raise ConnectionError("what it needs is down")
    _note("stickers", event.wamid or "")


def _note(name: str, *lines: str) -> None:
    with (_NOTES / name).open("a") as notes:
        notes.write("".join(f"{line}\n" for line in lines))
