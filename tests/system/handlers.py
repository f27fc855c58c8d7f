"""Handlers of the system tests."""

import os
import time
from pathlib import Path

from workers.events import TextMessage
from workers.handlers import handler

_FOLDER = Path(os.environ["HANDLED"])


@handler("text", timeout=120)
def hangs_at_first(event: TextMessage) -> None:
    """Reported to hang, it hangs at its first run, and notes its process, and each run's begin and end."""
    (_FOLDER / f"{event.key}.pid").write_text(str(os.getpid()))
    _note(event, "begun")
    if event.text == "hang" and len((_FOLDER / event.key).read_text().split()) == 1:
        time.sleep(15)
    _note(event, "ended")


def _note(event: TextMessage, what: str) -> None:
    with (_FOLDER / event.key).open("a") as notes:
        notes.write(f"{what}\n")
