"""Open a lane's circuit breaker in a test, and read its hash. The holds last hours: the test ends them."""

from typing import Any

import redis

from tests.support.lanes.looking import raw, spec
from workers.lanes import Completed, DeadLettered, Lanes, Outcome, Rescheduled, TakenEntry
from workers.lanes.circuit_breaker import BreakerPolicy, BreakerStatus
from workers.lanes.client import DrainStart, Settled
from workers.lanes.keys import stream_key, suspects_key
from workers.lanes.status import lane_statuses

LANE = "text.greet"
HOUR = 3600.0
POLICY = BreakerPolicy(threshold=3, first_hold=HOUR, max_hold=4 * HOUR)
FAILED = Rescheduled(5.0, "ConnectionError: the CRM", failed=True)
LAST = DeadLettered("exhausted", "ConnectionError: the CRM", "Traceback: …", failed=True)


def known(client: redis.Redis, **options: Any) -> Lanes:
    """Return the lanes with this policy, the lane registered."""
    made = Lanes(client, breaker=POLICY)
    made.register([spec(LANE, **options)])
    return made


def take(lanes: Lanes, *data: bytes) -> list[TakenEntry]:
    """Push entries and take them."""
    lanes.push(LANE, data)
    return lanes.take(LANE, "a", len(data))


def settle(lanes: Lanes, taken: list[TakenEntry], verdict: Outcome, **how: Any) -> Settled:
    return lanes.settle(LANE, [(entry.id, verdict) for entry in taken], **how)


def complete_one(lanes: Lanes, attempts: int = 1) -> None:
    """Complete an entry at this attempt."""
    lanes.client.xadd(stream_key(LANE), {"d": b"good", "a": attempts - 1})
    assert settle(lanes, lanes.take(LANE, "a", 1), Completed()).entries == 1


def open_breaker(lanes: Lanes, *data: bytes) -> None:
    """Open the breaker with these entries, in a lane whose handler has succeeded before."""
    complete_one(lanes)
    assert settle(lanes, take(lanes, *(data or (b"1", b"2", b"3"))), FAILED).breaker.opened_after


def begin(lanes: Lanes, name: str = "a") -> DrainStart:
    """End the hold, and start a drain."""
    let_hold_end(lanes.client)
    lanes.run_maintenance([LANE])
    return lanes.start_drain(LANE, None, name)


def take_one(lanes: Lanes, begun: DrainStart) -> tuple[TakenEntry, dict[str, Any]]:
    """Take the probe's entry as a drain does; return it and the arguments with which to settle it."""
    for suspect in (begun.has_suspects, not begun.has_suspects):
        for entry in lanes.take_suspect(LANE, "a") if suspect else lanes.take(LANE, "a", 1):
            return entry, {"suspect": suspect, "probe": begun.probe}
    raise AssertionError("there was nothing to try")


def probe(lanes: Lanes, verdict: Outcome) -> Settled:
    """End the hold, and let the first drain try one entry."""
    begun = begin(lanes)
    assert begun.probe
    entry, how = take_one(lanes, begun)
    return settle(lanes, [entry], verdict, **how)


def no_wakeups(client: redis.Redis) -> None:
    """Remove all wake-ups in flight."""
    client.delete("sluice:queue:work", f"{stream_key(LANE)}:woken")


def let_hold_end(client: redis.Redis) -> None:
    """Let the lane's hold end, and as much time pass for its retries."""
    left: Any = client.pttl(f"{stream_key(LANE)}:hold")
    client.delete(f"{stream_key(LANE)}:hold")
    members: Any = client.zrange(f"{stream_key(LANE)}:retry", 0, -1)
    for member in members:
        client.zincrby(f"{stream_key(LANE)}:retry", -max(left, 0), member)


def hash_of(client: redis.Redis) -> dict[str, str]:
    found: Any = client.hgetall(f"{stream_key(LANE)}:breaker")
    return {name.decode(): value.decode() for name, value in found.items()}


def hold_of(client: redis.Redis) -> float:
    """Return for how many more seconds the lane is held; 0 if it is not."""
    left: Any = client.pttl(f"{stream_key(LANE)}:hold")
    return float(max(left, 0)) / 1000


def status(client: redis.Redis) -> BreakerStatus | None:
    return next(lane.breaker for lane in lane_statuses(client) if lane.lane == LANE)


def attempts(client: redis.Redis) -> dict[bytes, int]:
    """Return the attempts of the waiting entries, retries aside."""
    found = raw(client, stream_key(LANE)) + raw(client, suspects_key(LANE))
    return {fields[b"d"]: int(fields.get(b"a", 0)) for _, fields in found}
