"""Keep a lane at a chosen depth while workers empty it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice

from shared.lanes.keys import stream_key
from shared.redis.connection import connect
from shared.wire.receipt import ReceiptWriter
from tests.programs.bench.traffic import statuses
from workers.lanes import Lanes

_GROUP = 500  # webhooks in one push
_LOOK = 0.002  # seconds


@contextmanager
def kept_full(redis_url: str, depth: int, seed: int) -> Iterator[None]:
    """About `depth` webhooks of one status each wait in the statuses' intake lane, from the start on."""
    lane, made, enough = "intake.statuses", statuses(seed), threading.Event()
    with connect(redis_url) as client:
        lanes, writer, numbers = Lanes(client), ReceiptWriter(), count()

        def push(most: int) -> None:
            receipts = [writer.pack(body, 1_700_000_000_000 + next(numbers))[1] for body in islice(made, most)]
            lanes.push(lane, receipts)

        def fill() -> None:
            while not enough.is_set() and (missing := depth - client.xlen(stream_key(lane))) > 0:
                push(min(_GROUP, missing))

        def keep() -> None:
            while not enough.wait(_LOOK):
                fill()

        fill()
        thread = threading.Thread(target=keep, name="feeder")
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()
