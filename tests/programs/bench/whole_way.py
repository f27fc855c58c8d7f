"""Webhooks on their whole way, from POST to row, by any of the stacks."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from time import perf_counter
from typing import NamedTuple

from redis import Redis

from tests.programs.bench import generator, rows
from tests.programs.bench.baselines import workers as baselines
from tests.programs.bench.baselines.plain import count_events
from tests.programs.bench.broker import broker
from tests.programs.bench.commandstats import called_by_scripts, spent_us
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.machine import cpu_seconds
from tests.programs.bench.servers import CELERY, DRAMATIQ, SLUICE, server
from tests.programs.bench.traffic import mixed
from tests.programs.bench.waiting import wait_for
from tests.programs.bench.workers import Done, workers

#: The stacks, each with what starts its workers.
STARTS = {CELERY: baselines.celery, DRAMATIQ: baselines.dramatiq_workers, SLUICE: workers}
_WARM_UP = 200  # webhooks, after which every process has its connections


class Way(NamedTuple):
    """What was found."""

    per_second: float  # events, from the first POST to the last row
    commands_us: float  # of Redis an event
    redis_us: float  # of Redis' whole process an event


def whole_way(
    context: Context, name: str, webhooks: int, *, redis_cores: str = ALL_CORES, cores: str = ALL_CORES
) -> Way:
    """Post about `webhooks` mixed webhooks, as fast as that stack acknowledges them. The tables are emptied before."""
    expected = mixed(webhooks)
    first, rest = expected.bodies[:_WARM_UP], expected.bodies[_WARM_UP:]
    events = count_events(rest)
    rows.empty(context.database)
    with ExitStack() as stack:
        redis = stack.enter_context(broker(redis_cores))
        up = stack.enter_context(server(name, redis.url, context.folder, cores=cores, database=context.database))
        stack.enter_context(STARTS[name](redis.url, context.database, context.folder, cores=cores))
        connection = stack.enter_context(rows.connected(context.database))
        done = Done(redis.client)
        stored = done.stored if name == SLUICE else lambda: rows.count(connection, "plain_events")
        _post(context, up.port, first, stored, count_events(first), cores)
        commands, process = _commands(redis.client), cpu_seconds(redis.pid)
        took = _post(context, up.port, rest, stored, expected.events, cores)
        commands = _commands(redis.client) - commands
        process = cpu_seconds(redis.pid) - process
    if name == SLUICE:
        rows.check(context.database, expected)
    return Way(events / took, commands / events, process / events * 1e6)


def _commands(client: Redis) -> float:
    return spent_us(client.info("commandstats"), called_by_scripts())


def _post(
    context: Context, port: int, bodies: Sequence[bytes], stored: Callable[[], int], wanted: int, cores: str
) -> float:
    """Return the seconds from the first POST until `wanted` events are stored."""
    program = generator.build(context.folder)
    file = generator.write_bodies(context.folder / "posts", bodies)
    line = generator.command(program, port, file, count=len(bodies), cores=cores)
    began = perf_counter()
    sent = generator.run(line)
    if sent.errors:
        raise SystemExit(f"{sent.errors} of {sent.sent} webhooks were answered with an error")
    ended, _ = wait_for(stored, wanted)
    return ended - began
