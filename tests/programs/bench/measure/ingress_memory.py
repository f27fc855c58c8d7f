"""What the ingress' resident memory does under full load."""

import subprocess
import time
from statistics import median

from tests.programs.bench import generator
from tests.programs.bench.broker import broker
from tests.programs.bench.context import OTHER_CORE, Context
from tests.programs.bench.machine import resident_bytes
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import SLUICE, server
from tests.programs.bench.traffic import mixed

_FIRST = 10  # seconds after which memory is first looked at
_LOOKS = 3  # a second apart, of which the median counts
_BODIES = 20_000
_MIB = 1024 * 1024


def measure(context: Context) -> Measured:
    """Mixed webhooks, as fast as they are acknowledged. What came in is thrown away: Redis is not the subject."""
    seconds = context.sizes.memory_seconds
    program = generator.build(context.folder)
    bodies = generator.write_bodies(context.folder / "mixed", mixed(_BODIES).bodies)
    with broker(OTHER_CORE) as redis, server(SLUICE, redis.url, context.folder) as up:
        line = generator.command(program, up.port, bodies, seconds=seconds)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as load:
            began, seen = time.monotonic(), list[float]()
            try:
                while load.poll() is None:
                    time.sleep(max(0.0, began + len(seen) + 1 - time.monotonic()))
                    seen.append(resident_bytes(up.process.pid) / _MIB)
                    redis.client.flushall(asynchronous=True)
            except BaseException:
                load.kill()  # or leaving would wait for it
                raise
            assert load.stdout is not None
            sent = generator.read(load.stdout.read())
    if sent.errors:
        raise SystemExit(f"{sent.errors} of {sent.sent} webhooks were answered with an error")
    return Measured(
        f"the ingress' resident memory in {seconds} s of full load",
        (
            Series("resident memory, each second", "MiB", tuple(seen)),
            Series("webhooks taken in", "webhooks/s", (sent.answered / sent.seconds,)),
        ),
        {"ingress-memory": growth(seen)},
    )


def growth(seen: list[float]) -> float:
    """The last looks' median ÷ that of the first ones after 10 s; one look a second."""
    first, last = seen[_FIRST : _FIRST + _LOOKS], seen[-_LOOKS - 1 : -1]  # the very last one may be after the load
    return median(last) / median(first)
