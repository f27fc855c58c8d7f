"""Posts webhooks as a provider does: many at a time, and each must get the answer it deserves."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import httpx

from workers.devtools.simulation import SimulatedWebhook

_CONNECTIONS = 32


class Sent(NamedTuple):
    """How it went. Latencies in seconds."""

    answers: Counter[int]
    unexpected: int
    seconds: float
    latencies: list[float]


async def send(url: str, webhooks: Sequence[SimulatedWebhook], progress: Callable[[int], None]) -> Sent:
    """Posts all of them in order, as many at once as there are connections."""
    answers: Counter[int] = Counter()
    latencies: list[float] = []
    unexpected = 0
    waiting = iter(webhooks)
    limits = httpx.Limits(max_connections=_CONNECTIONS)

    async def post(client: httpx.AsyncClient) -> None:
        nonlocal unexpected
        for webhook in waiting:
            started = time.perf_counter()
            answer = await client.post("/webhooks", content=webhook.body)
            latencies.append(time.perf_counter() - started)
            answers[answer.status_code] += 1
            unexpected += answer.status_code != webhook.answer
            progress(len(latencies))

    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False) as client:
        began = time.perf_counter()
        await asyncio.gather(*[post(client) for _ in range(_CONNECTIONS)])
        return Sent(answers, unexpected, time.perf_counter() - began, latencies)
