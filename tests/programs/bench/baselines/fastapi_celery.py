"""FastAPI + Celery: `delay()` in the request, one task per event, one insert per event.

Tuned as a good team tunes it: late acknowledgement, so that a crash loses less; a prefetch that keeps the pool busy;
no results, no events, no gossip; orjson for what is ours to parse; pooled connections; uvloop and httptools under it.
`delay()` waits for Redis, so it runs in a thread: the loop goes on, and several requests share an fsync.
"""

import os

import orjson
from celery import Celery
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from tests.programs.bench.baselines.plain import Json, events_of, insert

app = FastAPI()
celery = Celery("naive", broker=os.environ["BENCH_REDIS"])
celery.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=64,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"global_keyprefix": "naive:"},
)
_OK = b'{"status":"ok"}'


@celery.task
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
        handle.delay(event)
