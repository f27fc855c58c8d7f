"""A run of webhooks and, beside each, what must come of it: the ledger that the demo holds the event store against."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

import orjson

from workers.devtools.simulation.makers import Json, SampleFactory

#: Statuses of one message sent, with how often it goes that way.
_DELIVERY_PATHS = {
    ("sent", "delivered", "read"): 70,
    ("sent", "delivered"): 20,
    ("sent", "failed"): 5,
    ("sent", "read"): 5,
}
#: What webhooks hold, with how often: statuses of a message sent (each a webhook), a message, several of both, rubbish.
MIX: Mapping[str, int] = {"sent": 25, "message": 20, "batch": 2, "malformed": 1}
#: The share of webhooks that are repetitions.
DUPLICATES = 1 / 25
_RANK = ("sent", "failed", "delivered", "read")


class Expected(NamedTuple):
    """One event that must be in the event store once."""

    kind: str
    type: str
    wamid: str | None  # None: unknown events are told by `mark` in their payload
    mark: str = ""


class SimulatedWebhook(NamedTuple):
    """One request to make and the answer it must get. A repetition leads to no further events."""

    body: bytes
    answer: int
    events: tuple[Expected, ...]


class SimulatedTraffic:
    """Webhooks in the proportions of real traffic: three statuses a message sent, messages of all types, batches,
    repetitions, disorder, and a few that are malformed. The same seed makes the same."""

    def __init__(self, seed: int, now: int, *, mix: Mapping[str, int] = MIX, duplicates: float = DUPLICATES) -> None:
        """`now`: seconds since 1970; `mix`: as MIX, names may be left out; `duplicates`: a share, from 0 to below 1."""
        self._mix = mix
        self._duplicates = duplicates
        self._random = Random(seed)
        self._makers = SampleFactory(self._random)
        self._now = now
        #: Of each message sent (wamid, recipient): the state its delivery must end in.
        self.deliveries: dict[tuple[str, str], str] = {}

    def webhooks(self, count: int) -> list[SimulatedWebhook]:
        """So many of them, out of order as networks make it."""
        made: list[SimulatedWebhook] = []
        while len(made) < count:
            made += self._some()
        made = made[: count - int(count * self._duplicates)]
        self._forget_untold(made)
        made += self._random.choices(made, k=count - len(made))  # repetitions, some of them right behind
        return self._shuffled_nearby(made)

    def _some(self) -> list[SimulatedWebhook]:
        match self._random.choices(list(self._mix), list(self._mix.values()))[0]:
            case "sent":
                return [self._statuses([status]) for status in self._sent()]
            case "message":
                return [self._messages([self._makers.message(self._now)])]
            case "batch":
                return [self._batch()]
        return [self._malformed()]

    def _sent(self) -> list[Json]:
        wamid, customer = self._makers.wamid(), self._random.choice(self._makers.customers)
        way = self._random.choices(list(_DELIVERY_PATHS), list(_DELIVERY_PATHS.values()))[0]
        self.deliveries[wamid, customer] = max(way, key=_RANK.index)
        return [self._makers.status(wamid, customer, word, self._now + n) for n, word in enumerate(way)]

    def _batch(self) -> SimulatedWebhook:
        messages = [self._makers.message(self._now) for _ in range(self._random.randrange(1, 4))]
        statuses = [status for _ in range(self._random.randrange(1, 5)) for status in self._sent()]
        return _webhook(
            {"messages": messages, "statuses": statuses, "id": self._makers.delivery()},
            (*map(_message, messages), *map(_status, statuses)),
        )

    def _messages(self, messages: list[Json]) -> SimulatedWebhook:
        contacts = [self._makers.contact(message["from"]) for message in messages]
        document = {"contacts": contacts, "messages": messages[0], "id": self._makers.delivery()}
        return _webhook(document, tuple(map(_message, messages)))

    def _statuses(self, statuses: list[Json]) -> SimulatedWebhook:
        delivery = self._makers.delivery()
        return _webhook({"statuses": [*statuses, {"id": delivery}], "id": delivery}, tuple(map(_status, statuses)))

    def _malformed(self) -> SimulatedWebhook:
        mark = self._makers.delivery()
        match self._random.randrange(4):
            case 0:
                return SimulatedWebhook(b'{"messages": {"from": "91', 400, ())
            case 1:  # an event family that nobody told of
                return _webhook(
                    {"account_settings_update": {"mark": mark}}, (Expected("unknown", "unknown", None, mark),)
                )
            case 2:  # one bad item between two good ones
                good = [self._makers.message(self._now) for _ in range(2)]
                items = [good[0], f"no message {mark}", good[1]]
                bad = Expected("unknown", "unknown", None, mark)
                return _webhook({"messages": items, "id": mark}, (*map(_message, good), bad))
        message = self._makers.message(self._now, "text")
        message["text"] = {"body": f"cut in half {mark}"}
        # A lone surrogate and an integer beyond 64 bits: a valid webhook all the same.
        body = orjson.dumps({"messages": message, "id": mark})
        return SimulatedWebhook(
            body[:-1] + b',"name":"\\ud83d","n":123456789012345678901234567890}', 200, (_message(message),)
        )

    def _forget_untold(self, made: list[SimulatedWebhook]) -> None:
        """The count may have cut a message's statuses short: the ledger holds what is told only."""
        told: dict[str, list[str]] = {}
        for webhook in made:
            for event in webhook.events:
                if event.kind == "status" and event.wamid:
                    told.setdefault(event.wamid, []).append(event.type)
        self.deliveries = {
            (wamid, customer): max(told[wamid], key=_RANK.index) for wamid, customer in self.deliveries if wamid in told
        }

    def _shuffled_nearby(self, webhooks: list[SimulatedWebhook]) -> list[SimulatedWebhook]:
        places = [(number + self._random.uniform(0, 40), number) for number in range(len(webhooks))]
        return [webhooks[number] for _, number in sorted(places)]


def _webhook(document: Json, events: tuple[Expected, ...]) -> SimulatedWebhook:
    return SimulatedWebhook(orjson.dumps(document), 200, events)


def _message(body: Json) -> Expected:
    return Expected("message", body.get("type") or "unknown", body["id"])


def _status(body: Json) -> Expected:
    return Expected("status", body["status"], body["id"])
