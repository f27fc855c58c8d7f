"""From POST to row when nothing else happens: what one customer's message waits."""

import random
import sys
import time
from pathlib import Path

import httpx
import orjson
from sqlalchemy import create_engine, text

from tests.bench.machine import running, wait_for_port
from tests.support.programs import free_port, program
from tests.support.valkey import valkey
from workers import samples

_QUERY = text("SELECT 1 FROM messages WHERE wamid = :wamid")


def measure(folder: Path, database: str, count: int) -> list[float]:
    """Seconds from before the POST until the message's row is seen, once each."""
    port = free_port()
    with valkey(appendonly="yes", appendfsync="always", save="") as url:
        environment = {
            "SLUICE_REDIS_URL": url,
            "SLUICE_DATABASE_URL": database,
            "SLUICE_DATA_DIR": str(folder),
            "SLUICE_PORT": str(port),
        }
        worker = [program("celery"), "--quiet", "-A", "workers", "worker", "-c", "2", "--without-mingle"]
        with (
            running([sys.executable, "-m", "ingress"], "0,1", environment, folder / "ingress.log"),
            running(worker, "0,1", environment, folder / "worker.log"),
        ):
            wait_for_port(port)
            return _posts(f"http://127.0.0.1:{port}/webhooks", database, count)


def _posts(url: str, database: str, count: int) -> list[float]:
    draw = random.Random(7)
    with create_engine(database).connect() as connection, httpx.Client(trust_env=False, timeout=10) as client:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        took = []
        for number in range(count + 20):
            body = samples.fresh("text", int(time.time()), draw)
            began = time.perf_counter()
            client.post(url, content=body).raise_for_status()
            _wait(connection, orjson.loads(body)["messages"]["id"])
            if number >= 20:  # the first ones make connections and tables
                took.append(time.perf_counter() - began)
        return took


def _wait(connection: "object", wamid: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if connection.execute(_QUERY, {"wamid": wamid}).first():  # type: ignore[attr-defined]
                return
        except Exception:  # noqa: BLE001 - no table before the first event
            pass
        time.sleep(0.0005)
    raise SystemExit(f"{wamid} has no row after 30 s")
