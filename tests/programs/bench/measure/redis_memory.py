"""What a waiting event takes of Redis' memory."""

import time

from redis import Redis

from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.traffic import mixed
from tests.programs.bench.workers import push
from workers.lanes import Lanes
from workers.runtime.steps.classify import dedupe_key

_WARM_UP = 1_000  # webhooks
_KEYS = 50_000


def measure(context: Context) -> Measured:
    """Growth of used_memory by webhooks that wait to be classified, and by the dedupe claims of events that went on."""
    webhooks = mixed(context.sizes.backlog)
    first, rest = webhooks.bodies[:_WARM_UP], webhooks.bodies[_WARM_UP:]
    with broker(ALL_CORES) as redis:
        lanes = Lanes(redis.client)
        push(lanes, first)
        before = _used(redis.client)
        push(lanes, rest)
        waiting = (_used(redis.client) - before) / len(rest)
        before = _used(redis.client)
        _claim(redis.client)
        claim = (_used(redis.client) - before) / _KEYS
    size = sum(map(len, rest)) / len(rest)
    return Measured(
        f"Redis memory of {len(rest):,} mixed webhooks that wait to be classified",
        (
            Series("a webhook's body", "bytes", (size,)),
            Series("a webhook in its lane", "bytes", (waiting,)),
            Series("a dedupe claim", "bytes", (claim,)),
        ),
        {"redis-memory": waiting / size},
        {"redis_entry_overhead_bytes": waiting - size, "redis_claim_bytes": claim},
    )


def _claim(client: Redis) -> None:
    """As settle.lua claims them."""
    pipe = client.pipeline(transaction=False)
    for number in range(_KEYS):
        pipe.set(b"sluice:seen:" + dedupe_key(f"bench:{number}"), "", nx=True, ex=86_400)
    pipe.execute()


def _used(client: Redis) -> int:
    """Without what the last pushes took for a moment."""
    time.sleep(1.0)
    return int(client.info("memory")["used_memory"])
