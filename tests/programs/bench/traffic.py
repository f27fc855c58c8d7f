"""The webhooks that are sent: the simulation's mixed ones, each once, and a campaign's statuses."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

import orjson

from workers.devtools.simulation import SimulatedTraffic
from workers.devtools.simulation.makers import SampleFactory

_SEED = 24


class Mixed(NamedTuple):
    """Webhooks and what must come of them: events by kind, and deliveries."""

    bodies: list[bytes]
    kinds: Counter[str]
    deliveries: int

    @property
    def events(self) -> int:
        """How many events they hold."""
        return self.kinds.total()

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies))


@cache
def mixed(count: int, seed: int = _SEED) -> Mixed:
    """Return about `count` webhooks of all types in the proportions of real traffic.

    None occurs twice, and a strict parser accepts each of them, as the baselines need it.
    """
    traffic = SimulatedTraffic(seed, int(time.time()))
    made = {webhook.body: webhook for webhook in traffic.webhooks(count) if _is_strict_json(webhook.body)}
    kinds = Counter(event.kind for webhook in made.values() for event in webhook.events)
    return Mixed(list(made), kinds, len(traffic.deliveries))


def _is_strict_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def statuses(seed: int = _SEED) -> Iterator[bytes]:
    """Webhooks of one status each without end, as a campaign makes them: three a message."""
    makers, now = SampleFactory(random.Random(seed)), int(time.time())
    while True:
        wamid, customer = makers.wamid(), random.choice(makers.customers)
        for word in ("sent", "delivered", "read"):
            delivery = makers.delivery()
            status = makers.status(wamid, customer, word, now)
            yield orjson.dumps({"statuses": [status, {"id": delivery}], "id": delivery})


def some_statuses(count: int) -> list[bytes]:
    """Return `count` status webhooks."""
    return list(islice(statuses(), count))


def texts(count: int, seed: int = _SEED) -> Iterator[tuple[str, bytes]]:
    """Webhooks of one text message each, with its id."""
    makers, now = SampleFactory(random.Random(seed)), int(time.time())
    for _ in range(count):
        message = makers.message(now, "text")
        document = {"contacts": [makers.contact(message["from"])], "messages": message, "id": makers.delivery()}
        yield message["id"], orjson.dumps(document)
