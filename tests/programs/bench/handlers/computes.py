"""A handler that computes: always the same work, about 4 ms of a core."""

import hashlib

from tests.programs.bench.handlers.notes import note
from workers.events import TextMessage
from workers.handlers import handler

_TURNS = 7_000


@handler("text")
def compute(event: TextMessage) -> None:
    digest = b""
    for _ in range(_TURNS):
        digest = hashlib.sha256(digest).digest()
    note()
