"""A picture on the terminal that is drawn anew every second."""

import signal
import threading
from collections.abc import Callable

from rich.console import RenderableType
from rich.live import Live

from workers.cli.common import console

_INTERVAL = 1.0  # seconds


def watch(picture: Callable[[], RenderableType]) -> None:
    """Shows it until Ctrl-C or SIGTERM, and leaves the last one standing. Raises what `picture` raises."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Live(picture(), console=console(), auto_refresh=False) as live:
            while not ended.wait(_INTERVAL):
                live.update(picture(), refresh=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
