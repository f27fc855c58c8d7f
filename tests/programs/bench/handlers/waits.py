"""A handler that waits, as for another service."""

import time

from tests.programs.bench.handlers.notes import note
from workers.events import TextMessage
from workers.handlers import handler

SECONDS = 0.05


@handler("text")
def wait(event: TextMessage) -> None:
    time.sleep(SECONDS)
    note()
