"""FastAPI + dramatiq: `send()` in the request, one message per event, one insert per event.

Tuned: orjson in place of json for the messages, pooled connections, `send()` in a thread, as it waits for Redis.
"""

import os

import dramatiq
import orjson
from dramatiq.brokers.redis import RedisBroker
from dramatiq.encoder import Encoder
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from tests.programs.bench.baselines.plain import Json, events_of, insert


class OrjsonEncoder(Encoder):
    """Messages as JSON."""

    def encode(self, data: dict[str, object]) -> bytes:
        """To bytes."""
        return orjson.dumps(data)

    def decode(self, data: bytes) -> Json:
        """And back."""
        found: Json = orjson.loads(data)
        return found


dramatiq.set_encoder(OrjsonEncoder())
broker = RedisBroker(url=os.environ["BENCH_REDIS"], namespace="naive")  # type: ignore[no-untyped-call]
dramatiq.set_broker(broker)
app = FastAPI()
_OK = b'{"status":"ok"}'


@dramatiq.actor
def handle(event: Json) -> None:
    """Writes one event."""
    insert(event)


@app.post("/webhooks")
async def webhooks(request: Request) -> Response:
    """Takes one webhook."""
    await run_in_threadpool(_send, await request.body())
    return Response(_OK, media_type="application/json")


def _send(body: bytes) -> None:
    for event in events_of(orjson.loads(body)):
        handle.send(event)
