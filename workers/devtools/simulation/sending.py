"""Send webhooks on a schedule over many connections."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from workers.devtools.simulation.posting import HttpConnection, WebhookTarget
from workers.devtools.simulation.tally import ResponseTally
from workers.devtools.simulation.traffic import SimulatedTraffic, SimulatedWebhook

#: Large enough for repetitions and disorder within a batch, small enough not to delay webhooks that are due.
_BATCH_SIZE = 50
#: Maximum number of webhooks to make in advance.
MAX_PREPARED = 20_000
_STOP_TIMEOUT = 1.0  # seconds
_MAX_LAG = 0.1  # seconds behind the schedule
_ERROR_DELAY = 0.05  # seconds, so that a server that is down is not flooded
#: Returns the headers that authenticate a body.
AuthHeaders = Callable[[bytes], Mapping[str, str]]


def endless(traffic: SimulatedTraffic, prepared: int) -> Iterator[SimulatedWebhook]:
    """Yield webhooks without end. The first `prepared` are made in advance."""
    webhooks = deque(traffic.webhooks(min(max(prepared, _BATCH_SIZE), MAX_PREPARED)))
    while True:
        if not webhooks:
            webhooks.extend(traffic.webhooks(_BATCH_SIZE))
        yield webhooks.popleft()


class LoadSender:
    """Sends each webhook when it is due, or as soon as a connection is free after that."""

    def __init__(
        self, target: WebhookTarget, auth_headers: AuthHeaders, tally: ResponseTally, connections: int = 64
    ) -> None:
        self._target = target
        self._auth_headers = auth_headers
        self._tally = tally
        self._connections = connections
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Send no more. Requests in flight have one second to complete."""
        self._stopped.set()

    async def send(self, webhooks: Iterator[SimulatedWebhook], due: Iterable[float]) -> None:
        """Send a webhook at each time of `due` (seconds from now). Return when all are answered, or after `stop`."""
        queue: asyncio.Queue[tuple[float, SimulatedWebhook]] = asyncio.Queue()
        senders = [asyncio.create_task(self._send_from(queue)) for _ in range(self._connections)]
        try:
            await self._enqueue(queue, webhooks, due)
            done, stopped = asyncio.create_task(queue.join()), asyncio.create_task(self._stopped.wait())
            await asyncio.wait([done, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                await asyncio.wait([done], timeout=_STOP_TIMEOUT)
            for task in (done, stopped):
                task.cancel()
        finally:
            for task in senders:
                task.cancel()
            await asyncio.gather(*senders, return_exceptions=True)

    async def _enqueue(
        self,
        queue: asyncio.Queue[tuple[float, SimulatedWebhook]],
        webhooks: Iterator[SimulatedWebhook],
        due: Iterable[float],
    ) -> None:
        started_at = time.monotonic()
        for at in due:
            delay = started_at + at - time.monotonic()
            if delay > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), delay)
            if self._stopped.is_set():
                return
            queue.put_nowait((started_at + at, next(webhooks)))
            if delay < -_MAX_LAG:
                await asyncio.sleep(0)  # let the senders run

    async def _send_from(self, queue: asyncio.Queue[tuple[float, SimulatedWebhook]]) -> None:
        connection = HttpConnection(self._target)
        try:
            while True:
                due_at, webhook = await queue.get()
                if not self._stopped.is_set():
                    self._tally.sent += 1
                    status = await connection.post(self._target.request(webhook.body, self._auth_headers(webhook.body)))
                    self._tally.record(status, webhook.answer, time.monotonic() - due_at)
                    if status is None:
                        await asyncio.sleep(_ERROR_DELAY)
                queue.task_done()
        finally:
            connection.close()
