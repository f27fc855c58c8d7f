"""Simulated webhooks, each with the events it must lead to, so that the event store can be verified."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

import orjson

from workers.devtools.simulation.makers import Json, SampleFactory

#: Sequences of statuses of a sent message, with their weights.
_DELIVERY_PATHS = {
    ("sent", "delivered", "read"): 70,
    ("sent", "delivered"): 20,
    ("sent", "failed"): 5,
    ("sent", "read"): 5,
}
#: Weights of the kinds of webhooks: the statuses of a sent message (one webhook each), a message, several of both, and
#: malformed ones.
MIX: Mapping[str, int] = {"sent": 25, "message": 20, "batch": 2, "malformed": 1}
#: Share of webhooks that are repetitions.
DUPLICATES = 1 / 25
_STATUS_ORDER = ("sent", "failed", "delivered", "read")


class Expected(NamedTuple):
    """An event that must be in the event store exactly once."""

    kind: str
    type: str
    wamid: str | None  # None: an unknown event, recognized by `mark` in its payload
    mark: str = ""


class SimulatedWebhook(NamedTuple):
    """A request and the status code of its response. Repetitions do not lead to further events."""

    body: bytes
    answer: int
    events: tuple[Expected, ...]


class SimulatedTraffic:
    """Webhooks in the proportions of real traffic.

    There are about three statuses per sent message, messages of all types, batches, repetitions, disorder, and a few
    malformed webhooks. Equal seeds make equal traffic.
    """

    def __init__(self, seed: int, now: int, *, mix: Mapping[str, int] = MIX, duplicates: float = DUPLICATES) -> None:
        """`now`: seconds since 1970; `mix`: weights for names of MIX; `duplicates`: share, at least 0 and below 1."""
        self._mix = mix
        self._duplicates = duplicates
        self._random = Random(seed)
        self._factory = SampleFactory(self._random)
        self._now = now
        #: The final state of each delivery, by (wamid, recipient).
        self.deliveries: dict[tuple[str, str], str] = {}

    def webhooks(self, count: int) -> list[SimulatedWebhook]:
        """Return `count` webhooks, out of order as after transport over a network."""
        webhooks: list[SimulatedWebhook] = []
        while len(webhooks) < count:
            webhooks += self._next()
        webhooks = webhooks[: count - int(count * self._duplicates)]
        self._trim_deliveries(webhooks)
        webhooks += self._random.choices(webhooks, k=count - len(webhooks))  # repetitions
        return self._shuffle_nearby(webhooks)

    def _next(self) -> list[SimulatedWebhook]:
        match self._random.choices(list(self._mix), list(self._mix.values()))[0]:
            case "sent":
                return [self._statuses([status]) for status in self._sent()]
            case "message":
                return [self._messages([self._factory.message(self._now)])]
            case "batch":
                return [self._batch()]
        return [self._malformed()]

    def _sent(self) -> list[Json]:
        wamid, customer = self._factory.wamid(), self._random.choice(self._factory.customers)
        path = self._random.choices(list(_DELIVERY_PATHS), list(_DELIVERY_PATHS.values()))[0]
        self.deliveries[wamid, customer] = max(path, key=_STATUS_ORDER.index)
        return [self._factory.status(wamid, customer, state, self._now + n) for n, state in enumerate(path)]

    def _batch(self) -> SimulatedWebhook:
        messages = [self._factory.message(self._now) for _ in range(self._random.randrange(1, 4))]
        statuses = [status for _ in range(self._random.randrange(1, 5)) for status in self._sent()]
        return _webhook(
            {"messages": messages, "statuses": statuses, "id": self._factory.delivery()},
            (*map(_message, messages), *map(_status, statuses)),
        )

    def _messages(self, messages: list[Json]) -> SimulatedWebhook:
        contacts = [self._factory.contact(message["from"]) for message in messages]
        document = {"contacts": contacts, "messages": messages[0], "id": self._factory.delivery()}
        return _webhook(document, tuple(map(_message, messages)))

    def _statuses(self, statuses: list[Json]) -> SimulatedWebhook:
        delivery = self._factory.delivery()
        return _webhook({"statuses": [*statuses, {"id": delivery}], "id": delivery}, tuple(map(_status, statuses)))

    def _malformed(self) -> SimulatedWebhook:
        mark = self._factory.delivery()
        match self._random.randrange(4):
            case 0:
                return SimulatedWebhook(b'{"messages": {"from": "91', 400, ())
            case 1:  # an unknown kind of event
                return _webhook(
                    {"account_settings_update": {"mark": mark}}, (Expected("unknown", "unknown", None, mark),)
                )
            case 2:  # one bad item between two good ones
                good = [self._factory.message(self._now) for _ in range(2)]
                items = [good[0], f"no message {mark}", good[1]]
                bad = Expected("unknown", "unknown", None, mark)
                return _webhook({"messages": items, "id": mark}, (*map(_message, good), bad))
        message = self._factory.message(self._now, "text")
        message["text"] = {"body": f"cut in half {mark}"}
        # A lone surrogate and an integer beyond 64 bits: a valid webhook all the same.
        body = orjson.dumps({"messages": message, "id": mark})
        return SimulatedWebhook(
            body[:-1] + b',"name":"\\ud83d","n":123456789012345678901234567890}', 200, (_message(message),)
        )

    def _trim_deliveries(self, webhooks: list[SimulatedWebhook]) -> None:
        """Recompute the final states: the last statuses of a message may have been cut off by the count."""
        states: dict[str, list[str]] = {}
        for webhook in webhooks:
            for event in webhook.events:
                if event.kind == "status" and event.wamid:
                    states.setdefault(event.wamid, []).append(event.type)
        self.deliveries = {
            (wamid, customer): max(states[wamid], key=_STATUS_ORDER.index)
            for wamid, customer in self.deliveries
            if wamid in states
        }

    def _shuffle_nearby(self, webhooks: list[SimulatedWebhook]) -> list[SimulatedWebhook]:
        positions = [(number + self._random.uniform(0, 40), number) for number in range(len(webhooks))]
        return [webhooks[number] for _, number in sorted(positions)]


def _webhook(document: Json, events: tuple[Expected, ...]) -> SimulatedWebhook:
    return SimulatedWebhook(orjson.dumps(document), 200, events)


def _message(body: Json) -> Expected:
    return Expected("message", body.get("type") or "unknown", body["id"])


def _status(body: Json) -> Expected:
    return Expected("status", body["status"], body["id"])
