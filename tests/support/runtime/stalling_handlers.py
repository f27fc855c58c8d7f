"""Handlers that workers load which are to stall: how, is said by the file STALL. Limits are seconds instead of tens.

    mute     no message is asked for any more, as after a reconnect that went wrong
    swallow  messages are taken, and none gets to the pool
    stuck    the event loop stands still

A text "slow 5" takes its handler 5 s.
"""

import os
import time
from pathlib import Path
from typing import Any

from celery.signals import worker_ready

from workers.events import TextMessage
from workers.handlers import handler
from workers.runtime.celery import bootsteps
from workers.runtime.liveness import stall_detector, watchdog

_STALL, _NOTES = Path(os.environ["STALL"]), Path(os.environ["NOTES"])

stall_detector.QUIET_INTERVAL, stall_detector.STALL_TIMEOUT, stall_detector.UNRECOVERABLE_TIMEOUT = 0.5, 2.5, 5.0
bootsteps.CHECK_INTERVAL = 0.25
watchdog.STOP_TIMEOUT = watchdog.STOP_TIMEOUT_WITH_HANDLER = 2.0


@handler("text", timeout=60)
def write(event: TextMessage) -> None:
    """Notes the text, sooner or later."""
    words = (event.text or "").split()
    if words[0] == "slow":
        _note(f"begun {event.text}")
        time.sleep(float(words[1]))
    _note(f"did {event.text}")


def _note(line: str) -> None:
    with _NOTES.open("a") as notes:
        notes.write(f"{line}\n")


@worker_ready.connect(weak=False)
def _await_orders(sender: Any, **_details: object) -> None:
    """The sender is the worker's consumer."""
    done: list[str] = []

    def look() -> None:
        if not done and _STALL.exists():
            done.append(_STALL.read_text())
            _note(f"{_STALL.parent.name} stalls: {done[0]}")
            _stall(sender, done[0])

    sender.timer.call_repeatedly(0.1, look)


def _stall(consumer: Any, how: str) -> None:
    if how == "mute":
        consumer.task_consumer.channel._brpop_start = lambda *_arguments: None  # noqa: SLF001 - kombu's
    elif how == "swallow":
        consumer.controller._quick_acquire = _do_nothing  # noqa: SLF001 - Celery's
        consumer.pool.on_apply = _do_nothing
    elif how == "stuck":
        time.sleep(600)


def _do_nothing(*_arguments: object, **_options: object) -> None:
    pass
