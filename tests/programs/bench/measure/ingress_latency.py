"""p99 of the answer at half of Sluice's maximum rate, beside the bare application's at that same rate."""

from pathlib import Path

from tests.programs.bench import generator, wrk
from tests.programs.bench.broker import broker
from tests.programs.bench.context import OTHER_CORE, Context
from tests.programs.bench.figures import ratio
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import BARE, SLUICE, Server, servers
from tests.programs.bench.traffic import some_statuses

_NAMES = (BARE, SLUICE)
_BODIES = 2_000


def measure(context: Context) -> Measured:
    """The maximum is measured first, in this minute and on this machine."""
    program = generator.build(context.folder)
    bodies = some_statuses(_BODIES)
    file = generator.write_bodies(context.folder / "statuses", bodies)
    found: dict[str, list[generator.Sent]] = {name: [] for name in _NAMES}
    with broker(OTHER_CORE) as redis, servers(_NAMES, redis.url, context.folder) as up:
        seconds = context.sizes.load_seconds
        most = [wrk.load(up[SLUICE].port, bodies[0], context.folder, seconds=s).per_second for s in (1, seconds)][1]
        for _ in range(context.sizes.rounds):
            for name in _NAMES:
                found[name].append(_one(up[name], program, file, most / 2, seconds))
                redis.client.flushall()
    p99 = {name: [sent.p99 / 1000 for sent in sents] for name, sents in found.items()}
    p50 = {name: [sent.p50 / 1000 for sent in sents] for name, sents in found.items()}
    series = [Series(f"{name}, p50", "ms", tuple(p50[name])) for name in _NAMES]
    series += [Series(f"{name}, p99", "ms", tuple(p99[name])) for name in _NAMES]
    return Measured(
        "answers at half of Sluice's maximum rate",
        (*series, Series("rate of both", "webhooks/s", (most / 2,))),
        {"p99-of-bare": ratio(p99[SLUICE], p99[BARE])},
    )


def _one(server: Server, program: Path, bodies: Path, rate: float, seconds: int) -> generator.Sent:
    generator.run(generator.command(program, server.port, bodies, rate=rate, seconds=1))
    sent = generator.run(generator.command(program, server.port, bodies, rate=rate, seconds=seconds))
    if sent.errors:
        raise SystemExit(f"{sent.errors} of {sent.sent} requests were answered with an error")
    return sent
