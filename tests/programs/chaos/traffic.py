"""The webhooks of a stretch, and those that the suite adds for a purpose."""

from collections.abc import Callable
from random import Random

import orjson

from workers.devtools.simulation import SimulatedTraffic, SimulatedWebhook

_BATCH_SIZE = 200


def stock(seed: int, now: int) -> Callable[[], list[SimulatedWebhook]]:
    """Makes some more of a seeded run at each call."""
    traffic = SimulatedTraffic(seed, now)
    return lambda: traffic.webhooks(_BATCH_SIZE)


def texts(random: Random, order: str, count: int, now: int = 1_790_000_000) -> list[SimulatedWebhook]:
    """Text messages with an order for the handler (tests.programs.chaos.handlers), from customers of their own."""
    return [_text(random, f"{order} {number}", now) for number in range(count)]


def slow_pictures(random: Random, count: int, now: int = 1_790_000_000) -> list[SimulatedWebhook]:
    """Images whose metadata the media API (tests.support.media_api) takes its time for."""
    media = [{"id": f"slow-{random.getrandbits(64):016x}", "mime_type": "image/jpeg"} for _ in range(count)]
    return [_message(random, now, "image", each) for each in media]


def _text(random: Random, text: str, now: int) -> SimulatedWebhook:
    return _message(random, now, "text", {"body": text})


def _message(random: Random, now: int, kind: str, content: dict[str, str]) -> SimulatedWebhook:
    message = {
        "from": f"9177{random.randrange(10**8):08d}",
        "id": f"wamid.CHAOS{random.getrandbits(112):028X}",
        "timestamp": str(now),
        "type": kind,
        kind: content,
    }
    return SimulatedWebhook(orjson.dumps({"messages": message, "id": f"{random.getrandbits(128):032x}"}), 200, ())
