"""Events a second from a backlog into SQL with two worker processes, beside one Celery task an event."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from celery import Celery
from sqlalchemy import create_engine, text

from shared.connections import connect
from shared.lanes import Lanes
from shared.receipts import ReceiptWriter
from tests.bench.machine import running
from tests.support.programs import program
from tests.support.valkey import valkey
from workers.simulation.makers import Makers

_CORES = "0,1"
#: What the baseline writes to.
NAIVE_TABLE = "CREATE TABLE naive (key text PRIMARY KEY, wamid text, status text, payload text)"
_LONGEST = 600.0  # seconds


def statuses(count: int, seed: int = 1) -> list[bytes]:
    """Webhooks of one status each, as a campaign makes them: three a message."""
    makers, now = Makers(random.Random(seed)), int(time.time())
    made: list[bytes] = []
    while len(made) < count:
        wamid, customer = makers.wamid(), makers.customers[len(made) % 500]
        for word in ("sent", "delivered", "read"):
            delivery = makers.delivery()
            status = makers.status(wamid, customer, word, now)
            made.append(orjson.dumps({"statuses": [status, {"id": delivery}], "id": delivery}))
    return made[:count]


def sluice(folder: Path, database: str, bodies: list[bytes]) -> float:
    """Events a second from receipts in the intake lane to rows in the event store."""
    with valkey(appendonly="yes", appendfsync="always", save="") as url:
        lanes, writer = Lanes(connect(url)), ReceiptWriter()
        receipts = [writer.pack(body, int(time.time() * 1000))[1] for body in bodies]
        for first in range(0, len(receipts), 500):
            lanes.push("intake.statuses", receipts[first : first + 500])
        environment = {"SLUICE_REDIS_URL": url, "SLUICE_DATABASE_URL": database, "SLUICE_DATA_DIR": str(folder)}
        command = _worker("workers")
        with running(command, _CORES, environment, folder / "sluice.log"):
            return _watch(_counter(database, "events"), len(bodies))


def naive(folder: Path, database: str, bodies: list[bytes]) -> float:
    """The same for the baseline."""
    with valkey(appendonly="yes", appendfsync="always", save="") as url:
        environment = {"BENCH_REDIS": url, "BENCH_DATABASE": database}
        with create_engine(database).begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS naive"))
            connection.execute(text(NAIVE_TABLE))
        publisher = Celery(broker=url)
        publisher.conf.broker_transport_options = {"global_keyprefix": "naive:"}
        with publisher.producer_pool.acquire(block=True) as producer:
            for body in bodies:
                publisher.send_task("tests.bench.naive.handle", (orjson.loads(body),), producer=producer)
        command = _worker("tests.bench.naive:celery")
        with running(command, _CORES, environment, folder / "naive.log"):
            return _watch(_counter(database, "naive"), len(bodies))


def _worker(application: str) -> list[str]:
    return [program("celery"), "--quiet", "-A", application, "worker", "-c", "2", "--without-mingle"]


def _counter(database: str, source: str) -> Callable[[], int]:
    engine = create_engine(database)

    def count() -> int:
        try:
            with engine.connect() as connection:
                return int(connection.execute(text(f"SELECT count(*) FROM {source}")).scalar_one())
        except Exception:  # noqa: BLE001 - no table yet
            return 0

    return count


def _watch(count: Callable[[], int], wanted: int) -> float:
    """Rows a second between the first ones seen and the last: starting a worker is not what is measured."""
    deadline = time.monotonic() + _LONGEST
    first: tuple[float, int] | None = None
    while time.monotonic() < deadline:
        now, found = time.perf_counter(), count()
        if found and first is None:
            first = (now, found)
        if found >= wanted and first:
            return (found - first[1]) / (now - first[0])
        time.sleep(0.1)
    raise SystemExit(f"only {count()} of {wanted} rows after {_LONGEST:g} s")
