"""Baseline: what a good team writes with FastAPI and Celery. One task an event, one insert an event.

Tuned as such a team tunes it: late acknowledgement, so that a crash loses less; a prefetch that keeps the pool busy;
no results; a pooled connection a process; repetitions left to the primary key.
"""

import os
from typing import Any

import orjson
from celery import Celery
from fastapi import FastAPI, Request
from sqlalchemy import Engine, create_engine, text

app = FastAPI()
celery = Celery("naive", broker=os.environ["BENCH_REDIS"])
celery.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=64,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"global_keyprefix": "naive:"},
)
_engines: dict[int, Engine] = {}

_INSERT = text("INSERT INTO naive VALUES (:key, :wamid, :status, :payload) ON CONFLICT DO NOTHING")


def engine() -> Engine:
    """This process' own."""
    return _engines.setdefault(os.getpid(), create_engine(os.environ["BENCH_DATABASE"]))


@celery.task
def handle(webhook: dict[str, Any]) -> None:
    """Writes each status of a webhook."""
    for status in webhook["statuses"]:
        if "status" in status:
            row = {"key": f"{status['id']}:{status['status']}", "wamid": status["id"], "status": status["status"]}
            with engine().begin() as connection:
                connection.execute(_INSERT, row | {"payload": orjson.dumps(status).decode()})


@app.post("/webhooks")
async def webhooks(request: Request) -> dict[str, str]:
    """Takes one webhook."""
    handle.delay(await request.json())
    return {"status": "ok"}
