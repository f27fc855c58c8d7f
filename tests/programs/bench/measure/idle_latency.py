"""From POST to row when nothing else happens: what one customer's message waits."""

import random
import time
from http.client import HTTPConnection

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.programs.bench import rows
from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.figures import percentile
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import SLUICE, server
from tests.programs.bench.traffic import texts
from tests.programs.bench.workers import workers

_QUERY = text("SELECT 1 FROM messages WHERE wamid = :wamid")
_WARM_UP = 20  # messages
_TIMEOUT = 60.0  # seconds


def measure(context: Context) -> Measured:
    """One message at a time, at moments that have nothing to do with the ticks."""
    rows.empty(context.database)
    options = {"cores": ALL_CORES, "database": context.database}
    with (
        broker(ALL_CORES) as redis,
        server(SLUICE, redis.url, context.folder, **options) as up,
        workers(redis.url, context.database, context.folder),
    ):
        took = posts(context, up.port, context.sizes.idle_posts, pause=0.05)
    return Measured(
        f"from POST to row in {context.database_kind} when idle",
        (Series("a text message", "ms", tuple(took)),),
        {"idle-p50": percentile(took, 50), "idle-p99": percentile(took, 99)},
    )


def posts(context: Context, port: int, count: int, *, pause: float) -> list[float]:
    """Milliseconds from before each POST until its row is seen. `pause`: seconds between two at most."""
    draw, took = random.Random(7), list[float]()
    with rows.connected(context.database) as connection:
        web = HTTPConnection("127.0.0.1", port, timeout=30)
        for number, (wamid, body) in enumerate(texts(count + _WARM_UP)):
            time.sleep(draw.uniform(0, pause))
            began = time.perf_counter()
            web.request("POST", "/webhooks", body)
            answer = web.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"a message was answered {answer.status}")
            _wait(connection, wamid)
            if number >= _WARM_UP:  # the first ones make connections
                took.append((time.perf_counter() - began) * 1000)
        web.close()
    return took


def _wait(connection: Connection, wamid: str) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        try:
            if connection.execute(_QUERY, {"wamid": wamid}).first():
                return
        except DBAPIError:  # SQLite is locked for a moment
            pass
        time.sleep(0.0005)
    raise SystemExit(f"{wamid} has no row after {_TIMEOUT:g} s")
