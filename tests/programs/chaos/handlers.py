"""The users' handlers of the chaos suite. Each run is noted; some texts ask for the worst.

chaos:slow     takes half a second             chaos:exit     ends the process
chaos:hang     runs past its timeout           chaos:segv     ends it by a signal
chaos:deaf     so, and ignores the alarm       chaos:memory   allocates until there is no more
chaos:fail     raises, every time
"""

import os
import resource
import signal
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.programs.chaos.notes import note
from workers.events import Event, StatusUpdate, TextMessage
from workers.handlers import Reject, Retry, handler

_FOLDER = Path(os.environ["CHAOS_NOTES"])
_MEMORY = 3 * 1024**3  # bytes of address space; a process must meet a limit before the machine does
resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.RLIM_INFINITY))


@handler("text", retry=Retry(attempts=2, base=0.2, cap=1.0), timeout=2.0)
def answer(event: TextMessage) -> None:
    """Notes its run, unless the text asks for something else."""
    order = (event.text or "").partition(" ")[0]
    if order in _ORDERS:
        _ORDERS[order]()
    note(_FOLDER, "answer", [event.key])


@handler("delivered", "read", batch=True)
def count(events: Sequence[StatusUpdate]) -> None:
    """Notes a batch."""
    note(_FOLDER, "count", [event.key for event in events])


@handler("failed", "image", "location", retry=Retry(attempts=6, base=0.1, cap=0.5))
def second_time(event: Event) -> None:
    """Fails at the first attempt for every other event."""
    if event.attempt == 1 and zlib.crc32(event.key.encode()) % 2:
        raise ConnectionError("the first attempt fails on purpose")
    note(_FOLDER, "second_time", [event.key])


@handler("reaction")
def refuse(event: Event) -> None:
    """Refuses those whose key ends in 0; they become dead letters."""
    if event.key.endswith("0"):
        raise Reject("refused on purpose")
    note(_FOLDER, "refuse", [event.key])


def _slow() -> None:
    busy = _FOLDER / f"busy-{os.getpid()}"
    busy.touch()
    time.sleep(0.5)
    busy.unlink()


def _hang() -> None:
    time.sleep(3600)


def _deaf() -> None:
    while True:
        with suppress(BaseException):
            time.sleep(3600)


def _memory() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def _exit() -> None:
    os._exit(3)


def _segv() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _fail() -> None:
    raise RuntimeError("fails on purpose")


_ORDERS = {
    "chaos:slow": _slow,
    "chaos:hang": _hang,
    "chaos:deaf": _deaf,
    "chaos:memory": _memory,
    "chaos:exit": _exit,
    "chaos:segv": _segv,
    "chaos:fail": _fail,
}
