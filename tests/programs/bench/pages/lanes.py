"""A Redis as a bad night leaves it: many dead letters and retries, an hour of figures, a full audit log."""

import json
import random
import time
from typing import Any

import msgspec
import redis

from tests.support.store.many import customer, wamid
from workers.events import TYPES
from workers.lanes import Lanes, LaneSpec
from workers.lanes import keys as names
from workers.operations.audit_log import AUDIT_KEY
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.sample_history import RETENTION_SECONDS, SAMPLE_INTERVAL, SAMPLES_KEY
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, encode_entry

LANE = "text.greet"
LETTERS, RETRIES, ACTIONS = 20_000, 5_000, 10_000
_BATCH_SIZE = 1000
_TRACE = (
    "Traceback (most recent call last):\n" + '  File "/app/handlers.py", line 66, in answer\n    look_up(order)\n' * 12
)


def fill(client: redis.Redis) -> str:
    """Fills it; replies LANE/ID of a dead letter."""
    specs = [LaneSpec(f"{kind}.store", "messages", 10, 60_000) for kind in sorted(TYPES)]
    Lanes(client).register([LaneSpec(LANE, "messages", 10, 60_000), LaneSpec("intake", "intake", 10, 60_000), *specs])
    _in_pipes(client, LETTERS, _letter)
    _in_pipes(client, RETRIES, _retry)
    _in_pipes(client, round(RETENTION_SECONDS / SAMPLE_INTERVAL), _sample)
    _in_pipes(client, ACTIONS, _action)
    found: Any = client.xrevrange(f"{names.stream_key(LANE)}:dead", count=1)
    return f"{LANE}/{found[0][0].decode()}"


def _in_pipes(client: redis.Redis, count: int, add: Any) -> None:
    for first in range(0, count, _BATCH_SIZE):
        pipe = client.pipeline(transaction=False)
        for number in range(first, min(first + _BATCH_SIZE, count)):
            add(pipe, number)
        pipe.execute()


def _entry(number: int) -> bytes:
    body = {
        "id": wamid(number),
        "from": customer(number),
        "type": "text",
        "text": {"body": f"where is order {number}?"},
    }
    item = RawEvent("message", "text", f"m:text:{wamid(number)}", body, {"profile": {"name": "Asha"}})
    return encode_entry(EventEntry(item, "00ff", round(time.time() * 1000)))


def _letter(pipe: Any, number: int) -> None:
    error = f"{random.choice(('LookupError', 'ValueError', 'KeyError'))}: order {number} is not in the CRM"
    fields = {"d": _entry(number), "a": 5, "x": 0, "why": "exhausted", "e": error, "t": _TRACE}
    pipe.xadd(f"{names.stream_key(LANE)}:dead", fields | {"at": round(time.time() * 1000)})


def _retry(pipe: Any, number: int) -> None:
    head = json.dumps({"a": 2, "x": "0", "e": "TimeoutError: the CRM did not answer"}).encode()
    due = round(time.time() * 1000) + 600_000 + number
    pipe.zadd(f"{names.stream_key(LANE)}:retry", {head + b"\n" + _entry(LETTERS + number): due})


def _sample(pipe: Any, number: int) -> None:
    at = round(time.time() * 1000) - RETENTION_SECONDS * 1000 + round(number * SAMPLE_INTERVAL * 1000)
    sample = Sample(at=at, span=SAMPLE_INTERVAL, taken=number % 400, handled=number % 500, lag=number % 9000)
    pipe.xadd(SAMPLES_KEY, {"s": msgspec.json.encode(sample)})


def _action(pipe: Any, number: int) -> None:
    pipe.xadd(AUDIT_KEY, {"who": "127.0.0.1 (abcdef)", "what": "paused", "about": LANE, "count": number})
