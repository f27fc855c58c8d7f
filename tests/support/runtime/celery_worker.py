"""A real `celery -A workers worker` with tests.support.runtime.celery_handlers, and what it noted."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from shared.wire.receipt import ReceiptWriter
from tests.support.programs import clean_environment, program
from workers.lanes import Lanes
from workers.lanes.heartbeats import HEARTBEATS_KEY
from workers.lanes.status import lane_statuses

Worker = subprocess.Popen[bytes]
_ALONE = ("--without-gossip", "--without-mingle")
_RECEIPTS = ReceiptWriter()


@contextmanager
def celery(
    redis_url: str,
    folder: Path,
    *options: str,
    handlers: str = "tests.support.runtime.celery_handlers",
    **settings: str,
) -> Iterator[Worker]:
    """Started at once; in the end it is given time to stop, and then killed with all its processes."""
    environment = clean_environment(
        SLUICE_REDIS_URL=redis_url,
        SLUICE_DATABASE_URL="none",
        SLUICE_DATA_DIR=str(folder),
        SLUICE_HANDLERS=handlers,
        NOTES=str(_notes(folder)),
        **settings,
    )
    _notes(folder).touch()
    command = [
        program("celery"),
        "--quiet",
        "-A",
        "workers",
        "worker",
        "--without-gossip",
        "--without-mingle",
        *options,
    ]
    with (folder / "log").open("ab") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield worker
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    finally:
        kill_all(worker)


def kill_all(worker: Worker) -> None:
    """The worker and the processes of its pool, at once and for good."""
    try:
        os.killpg(worker.pid, signal.SIGKILL)  # a group of its own: see start_new_session
    except ProcessLookupError:
        return
    finally:
        worker.wait(10)


def post(lanes: Lanes, *texts: str) -> None:
    """A webhook for each text."""
    webhooks = [
        {"messages": {"id": f"wamid.{number}.{text}", "type": "text", "from": "9198", "text": {"body": text}}}
        for number, text in enumerate(texts)
    ]
    lanes.push("intake", [_RECEIPTS.pack(json.dumps(webhook).encode(), 1)[1] for webhook in webhooks])


def did(folder: Path) -> list[str]:
    """The texts that were handled, in order."""
    return [line.removeprefix("did ") for line in _lines(folder) if line.startswith("did ")]


def hanging(folder: Path) -> list[int]:
    """The ids of the processes that hang, or hung."""
    return [int(line.split()[-1]) for line in _lines(folder) if line.startswith("hangs ")]


def settled(client: redis.Redis) -> bool:
    """Whether nothing waits in any lane, and nothing is being handled."""
    return not any(lane.waiting + lane.in_flight + lane.retries for lane in lane_statuses(client))


def notice_deaths(client: redis.Redis, *pids: int) -> bool:
    """As if these processes (by default all there ever were) had been silent for long. Always true."""
    client.delete("sluice:grace")
    names: Any = client.zrange(HEARTBEATS_KEY, 0, -1)
    for name in names:
        if not pids or int(name.rpartition(b":")[2]) in pids:
            client.zadd(HEARTBEATS_KEY, {name: 0}, xx=True)
    return True


def _notes(folder: Path) -> Path:
    return folder / "notes"


def _lines(folder: Path) -> list[str]:
    return _notes(folder).read_text().splitlines()
