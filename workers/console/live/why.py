"""What the lanes' events failed of last: the error of the newest dead letter, else of the next retry. Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import redis

from shared.lanes import keys as names
from workers.lanes.status import LaneStatus


def last_errors(client: redis.Redis, lanes: Sequence[LaneStatus]) -> Mapping[str, str]:
    """By lane, those where anything failed. Raises RedisError."""
    failed = [lane for lane in lanes if lane.dead or lane.retries]
    pipe = client.pipeline(transaction=False)
    for lane in failed:
        base = names.stream(lane.lane)
        if lane.dead:
            pipe.xrevrange(f"{base}:dead", count=1)
        else:
            pipe.zrange(f"{base}:retry", 0, 0)
    told = pipe.execute() if failed else []
    return {lane.lane: _error(found) for lane, found in zip(failed, told, strict=True) if found}


def _error(found: Any) -> str:
    """Of the reply to either."""
    first = found[0]
    if isinstance(first, tuple):
        return str(first[1].get(b"e", b"").decode("utf-8", "replace"))
    try:
        return str(orjson.loads(first.partition(b"\n")[0]).get("e", ""))
    except orjson.JSONDecodeError:  # an error that quoted bytes which are no UTF-8
        return ""
