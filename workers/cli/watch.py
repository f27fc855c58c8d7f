"""A display on the terminal that is redrawn every second."""

import signal
import threading
from collections.abc import Callable

from rich.console import RenderableType
from rich.live import Live

from workers.cli.common import console

_INTERVAL = 1.0  # seconds


def watch(render: Callable[[], RenderableType]) -> None:
    """Redraw until Ctrl-C or SIGTERM, and leave the last picture on the screen. Raises what `render` raises."""
    stop = threading.Event()
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Live(render(), console=console(), auto_refresh=False) as live:
            while not stop.wait(_INTERVAL):
                live.update(render(), refresh=True)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
