"""The provider: sends at a steady pace, sends again what was not acknowledged, and remembers every 200."""

import asyncio
import heapq
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from tests.programs.chaos.connection import Connection
from workers.devtools.simulation import SimulatedWebhook

_CONNECTIONS = 12
_TIMEOUT = 15.0  # seconds after which the provider gives up on an answer
_RESEND_SECONDS = (0.2, 1.5)  # seconds until it sends the same webhook again
_REPEATED = 0.03  # webhooks that are sent again although they were acknowledged
_REPEAT_WITHIN = 4.0
_PATHS = ("/webhooks", "/webhooks/messages", "/webhooks/statuses")


class Sender:
    """Runs in a thread. `more()` makes further webhooks; `ports` are tried in turns."""

    def __init__(
        self, ports: Sequence[int], rate: float, random: Random, more: Callable[[], list[SimulatedWebhook]]
    ) -> None:
        self.acknowledged: list[SimulatedWebhook] = []
        self.answers: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.longest_stop = 0.0  # seconds without a 200
        self._ports = list(ports)
        self._rate = rate
        self._random = random
        self._more = more
        self._due: list[tuple[float, int, SimulatedWebhook, bool]] = []
        self._stock: list[SimulatedWebhook] = []
        self._numbers = itertools.count()
        self._under_way: dict[int, SimulatedWebhook] = {}  # sent, or to be sent, and not acknowledged
        self._lock = threading.Lock()
        self._loading = True
        self._ended = False
        self._last = time.monotonic()
        self._next = self._last
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="sender")

    def start(self) -> None:
        """Begins."""
        self._last = self._next = time.monotonic()
        self._thread.start()

    def inject(self, webhooks: Sequence[SimulatedWebhook]) -> None:
        """Send these at once, beside the others."""
        for webhook in webhooks:
            self._schedule(time.monotonic(), webhook)

    def use(self, ports: Sequence[int]) -> None:
        """Which ports are tried from now on."""
        self._ports = list(ports)

    def finish(self, seconds: float) -> list[SimulatedWebhook]:
        """End the load. Return the webhooks that were not acknowledged within `seconds`."""
        self._loading = False
        end = time.monotonic() + seconds
        while self._under_way and time.monotonic() < end:
            time.sleep(0.02)
        self._ended = True
        self._thread.join()
        return list(self._under_way.values())

    @property
    def waiting(self) -> int:
        """Webhooks that are sent, or to be sent again."""
        return len(self._under_way)

    async def _run(self) -> None:
        await asyncio.gather(*(self._work(number) for number in range(_CONNECTIONS)))

    async def _work(self, number: int) -> None:
        connections: dict[int, Connection] = {}
        while not self._ended:
            found = self._take()
            if found is None:
                await asyncio.sleep(0.005)
                continue
            ports = self._ports
            number = number % len(ports)
            port = ports[number]
            connection = connections.setdefault(port, Connection(port, timeout=_TIMEOUT))
            if not await self._send(connection, *found):
                number += 1  # to the next ingress
        for connection in connections.values():
            connection.close()

    async def _send(self, connection: Connection, number: int, webhook: SimulatedWebhook, repeated: bool) -> bool:
        try:
            status = await connection.post(self._random.choice(_PATHS), webhook.body)
        except OSError as error:
            self.answers[type(error.__cause__ or error).__name__] += 1
            self._again(number, webhook, repeated)
            return False
        self.answers[str(status)] += 1
        if status == webhook.answer:
            self._taken(number, webhook, repeated)
        elif status >= 500 or status == 408:  # too slow: it was stopped, or the sender was
            if status not in {408, 503}:
                self.unexpected.append(f"{status} rather than {webhook.answer}")
            self._again(number, webhook, repeated)
            return False
        else:
            self.unexpected.append(f"{status} rather than {webhook.answer}")
            self._under_way.pop(number, None)
        return True

    def _taken(self, number: int, webhook: SimulatedWebhook, repeated: bool) -> None:
        now = time.monotonic()
        if webhook.answer == 200:
            if self._loading:
                self.longest_stop = max(self.longest_stop, now - self._last)
            self._last = now
            if not repeated:
                self.acknowledged.append(webhook)
        self._under_way.pop(number, None)
        if not repeated and self._loading and self._random.random() < _REPEATED:
            self._schedule(now + self._random.uniform(0, _REPEAT_WITHIN), webhook, repeated=True)

    def _again(self, number: int, webhook: SimulatedWebhook, repeated: bool) -> None:
        with self._lock:
            due = time.monotonic() + self._random.uniform(*_RESEND_SECONDS)
            heapq.heappush(self._due, (due, number, webhook, repeated))

    def _schedule(self, due: float, webhook: SimulatedWebhook, *, repeated: bool = False) -> None:
        with self._lock:
            number = next(self._numbers)
            self._under_way[number] = webhook
            heapq.heappush(self._due, (due, number, webhook, repeated))

    def _take(self) -> tuple[int, SimulatedWebhook, bool] | None:
        now = time.monotonic()
        if self._loading and now >= self._next:
            # What could not be sent in time is not made up for: the provider's load is what it is.
            self._next = max(self._next + 1 / self._rate, now - 1.0)
            self._schedule(now, self._fresh())
        with self._lock:
            if self._due and self._due[0][0] <= now:
                _, number, webhook, repeated = heapq.heappop(self._due)
                return number, webhook, repeated
        return None

    def _fresh(self) -> SimulatedWebhook:
        if not self._stock:
            self._stock = self._more()[::-1]
        return self._stock.pop()
