"""Sending webhooks by a schedule, over many connections."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from workers.devtools.simulation.posting import HttpConnection, WebhookTarget
from workers.devtools.simulation.tally import ResponseTally
from workers.devtools.simulation.traffic import SimulatedTraffic, SimulatedWebhook

#: Webhooks that are made at once: enough for what is random in them, few enough to delay none that is due.
_AT_ONCE = 50
#: Webhooks that are made beforehand, at most.
READY = 20_000
Prove = Callable[[bytes], Mapping[str, str]]


def endless(traffic: SimulatedTraffic, ready: int) -> Iterator[SimulatedWebhook]:
    """Its webhooks, the first so many made at once."""
    made = deque(traffic.webhooks(min(max(ready, _AT_ONCE), READY)))
    while True:
        if not made:
            made.extend(traffic.webhooks(_AT_ONCE))
        yield made.popleft()


class LoadSender:
    """Sends each webhook when it is due, or as soon after that as one of the connections is free."""

    def __init__(self, target: WebhookTarget, prove: Prove, tally: ResponseTally, connections: int = 64) -> None:
        self._target = target
        self._prove = prove
        self._tally = tally
        self._connections = connections
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Sends no more; what is under way is awaited for a second."""
        self._stopped.set()

    async def send(self, webhooks: Iterator[SimulatedWebhook], due: Iterable[float]) -> None:
        """Returns when all are answered, or after `stop`."""
        waiting: asyncio.Queue[tuple[float, SimulatedWebhook]] = asyncio.Queue()
        crew = [asyncio.create_task(self._work(waiting)) for _ in range(self._connections)]
        try:
            await self._schedule(waiting, webhooks, due)
            done, stopped = asyncio.create_task(waiting.join()), asyncio.create_task(self._stopped.wait())
            await asyncio.wait([done, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                await asyncio.wait([done], timeout=1.0)
            for task in (done, stopped):
                task.cancel()
        finally:
            for task in crew:
                task.cancel()
            await asyncio.gather(*crew, return_exceptions=True)

    async def _schedule(
        self,
        waiting: asyncio.Queue[tuple[float, SimulatedWebhook]],
        webhooks: Iterator[SimulatedWebhook],
        due: Iterable[float],
    ) -> None:
        begun = time.monotonic()
        for at in due:
            wait = begun + at - time.monotonic()
            if wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), wait)
            if self._stopped.is_set():
                return
            waiting.put_nowait((begun + at, next(webhooks)))
            if wait < -0.1:
                await asyncio.sleep(0)  # behind the schedule: those that send need their turn

    async def _work(self, waiting: asyncio.Queue[tuple[float, SimulatedWebhook]]) -> None:
        connection = HttpConnection(self._target)
        try:
            while True:
                at, webhook = await waiting.get()
                if not self._stopped.is_set():
                    self._tally.sent += 1
                    status = await connection.post(self._target.request(webhook.body, self._prove(webhook.body)))
                    self._tally.record(status, webhook.answer, time.monotonic() - at)
                    if status is None:
                        await asyncio.sleep(0.05)  # a server that is down is not to be stormed
                waiting.task_done()
        finally:
            connection.close()
