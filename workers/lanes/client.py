"""The workers' client of the lanes: register, take, settle, maintain, pause. (The ingress only pushes.)"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError

from shared.lanes.intake import push_script
from workers.lanes import wakeup_message
from workers.lanes.circuit_breaker import BreakerChange, BreakerPolicy
from workers.lanes.heartbeats import HeartbeatRegistry
from workers.lanes.keys import CONSUMER_GROUP, LANES_KEY, paused_key, stream_key, suspects_key
from workers.lanes.lane import LaneSpec, TakenEntry
from workers.lanes.outcomes import Outcome, Released, encode_outcomes
from workers.lanes.scripts import lane_script
from workers.lanes.timings import TakeTimings

#: An entry whose holders died this often is a dead letter.
MAX_DEATHS = 3
#: What one maintenance run does in one lane at most.
MAX_DUE_RETRIES = 500
MAX_EXPIRED_LEASES = 100


class DrainStart(NamedTuple):
    """What a drain may do in its lane."""

    is_held: bool  # the lane must not be drained now
    has_suspects: bool  # take suspects first, one at a time
    probe: str = ""  # not empty: the circuit breaker is open, and this drain is its probe and tries one entry


class Settled(NamedTuple):
    """What a settle did."""

    entries: int  # entries that were still this worker's
    added: int  # follow-ups added
    duplicates: int  # follow-ups whose dedupe key was claimed already
    breaker: BreakerChange


class MaintenanceReport(NamedTuple):
    """What one maintenance run did in one lane."""

    retries_moved: int  # due retries put back into the lane
    made_suspects: int  # entries whose lease expired or whose holder is dead
    dead_lettered: int  # entries that this happened to for the third time
    wakeups_sent: int
    held_by_dead: int = 0  # entries of dead holders among these; not 0: there may be more


class Lanes:
    """The lanes of one Redis. All methods may raise redis.exceptions.RedisError; each may be repeated.

    `take_client`: a client for taking that does not repeat commands. Entries that a lost reply contained would be held
    by a consumer that does not know of them.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        take_client: redis.Redis | None = None,
        dedupe_seconds: int = 86_400,
        breaker: BreakerPolicy | None = None,
    ) -> None:
        self.client = client
        self._take_client = take_client or client
        self.dedupe_seconds = dedupe_seconds
        self._policy = (breaker or BreakerPolicy()).script_args()
        self.heartbeats = HeartbeatRegistry(client)
        self._register_script = client.register_script(lane_script("register"))
        self._push_script = client.register_script(push_script())
        self._start_drain_script = client.register_script(lane_script("start_drain"))
        self._settle_script = client.register_script(lane_script("circuit_breaker", "settle"))
        self._maintenance_script = client.register_script(lane_script("maintenance"))
        self._suspend_script = client.register_script(lane_script("suspend"))

    def register(self, specs: Iterable[LaneSpec]) -> None:
        """Write the lanes' configuration to Redis, and create their streams and groups if they do not exist."""
        pipe = self.client.pipeline(transaction=False)
        for spec in specs:
            args: list[str | int] = [
                spec.name,
                spec.queue,
                spec.entries_per_wakeup,
                spec.max_wakeups,
                wakeup_message.template(spec.name, spec.queue),
                spec.lease_ms,
            ]
            self._register_script(keys=[stream_key(spec.name), LANES_KEY], args=args, client=pipe)
        pipe.execute()

    def push(self, lane: str, entries: Sequence[bytes], *, limit: int = 0) -> None:
        """Add entries and wake the lane's workers.

        Raises ResponseError `BACKLOG …` and adds nothing if the lane would then hold more than `limit` entries
        (0: no limit).
        """
        self._push_script(keys=[stream_key(lane)], args=[lane, limit, *entries])

    def start_drain(self, lane: str, wakeup: str | None, consumer: str = "") -> DrainStart:
        """Start a drain: remove `wakeup` from the in-flight set and return what the drain may do."""
        args = [lane, wakeup or "", consumer]
        is_held, has_suspects, probe = self._start_drain_script(keys=[stream_key(lane)], args=args)
        return DrainStart(bool(is_held), bool(has_suspects), probe.decode())

    def suspend(self, lane: str, seconds: float, *, probe: str = "") -> None:
        """Keep the lane from being drained for a while. `probe`: the circuit breaker's probe that ends with this."""
        self._suspend_script(keys=[stream_key(lane)], args=[max(1, round(seconds * 1000)), probe])

    def take(self, lane: str, consumer: str, count: int) -> list[TakenEntry]:
        """Take up to `count` entries that no worker holds; they belong to this consumer until their lease expires."""
        return self._take(stream_key(lane), consumer, count)

    def take_suspect(self, lane: str, consumer: str) -> list[TakenEntry]:
        """Take at most one entry whose last holder died; handle it alone, so that it cannot take others along."""
        return self._take(suspects_key(lane), consumer, 1)

    def settle(
        self,
        lane: str,
        outcomes: list[tuple[bytes, Outcome]],
        *,
        suspect: bool = False,
        probe: str = "",
        timings: TakeTimings | None = None,
    ) -> Settled:
        """End the handling of taken entries, all in one atomic step.

        Entries whose lease another worker has taken over are skipped. `suspect`: the entries were taken from the
        lane's suspects. `probe`: id of the circuit breaker's probe that ends with this call. `timings`: those of these
        entries; they count only if all of the entries still belonged to this worker.
        """
        keys = [suspects_key(lane) if suspect else stream_key(lane), stream_key(lane)]
        encoded = encode_outcomes(outcomes, timings.increments() if timings else {})
        args: list[bytes | str | int] = [lane, self.dedupe_seconds, *self._policy, probe, encoded]
        entries, added, duplicates, *breaker = self._settle_script(keys=keys, args=args)
        return Settled(int(entries), int(added), int(duplicates), BreakerChange.from_redis(*breaker))

    def release_all(self, lane: str, consumer: str) -> int:
        """Release all entries of the lane that this consumer holds, for others to take; return how many."""
        released = 0
        for stream, suspect in ((stream_key(lane), False), (suspects_key(lane), True)):
            held: Any = self.client.xpending_range(stream, CONSUMER_GROUP, "-", "+", 1000, consumer)
            outcomes: list[tuple[bytes, Outcome]] = [(entry["message_id"], Released()) for entry in held]
            released += self.settle(lane, outcomes, suspect=suspect).entries if outcomes else 0
        return released

    def run_maintenance(self, lanes: Iterable[str], dead: Sequence[str] = ()) -> dict[str, MaintenanceReport]:
        """Maintain the lanes, in one round trip: move due retries, take over from the dead, send missing wake-ups.

        `dead`: names of the dead processes. Returns a report per lane.
        """
        lanes = list(lanes)
        pipe = self.client.pipeline(transaction=False)
        for lane in lanes:
            args: list[str | int] = [lane, MAX_DUE_RETRIES, MAX_EXPIRED_LEASES, MAX_DEATHS, *dead]
            self._maintenance_script(keys=[stream_key(lane)], args=args, client=pipe)
        return {lane: MaintenanceReport(*map(int, reply)) for lane, reply in zip(lanes, pipe.execute(), strict=True)}

    def _take(self, stream: str, consumer: str, count: int) -> list[TakenEntry]:
        try:
            reply = self._take_client.execute_command(  # type: ignore[no-untyped-call]
                "XREADGROUP", "GROUP", CONSUMER_GROUP, consumer, "COUNT", count, "STREAMS", stream, ">"
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.client.xgroup_create(stream, CONSUMER_GROUP, id="0", mkstream=True)
            return []
        return [TakenEntry.from_redis(*entry) for _, entries in reply or () for entry in entries]


def pause_lane(client: redis.Redis, lane: str) -> None:
    """Pause the lane for all workers: nothing more is taken; what is in flight is still handled. Raises RedisError."""
    client.set(paused_key(lane), "")


def resume_lane(client: redis.Redis, lane: str) -> bool:
    """Resume a paused lane at once; return whether it was paused. Raises RedisError."""
    return bool(client.register_script(lane_script("resume"))(keys=[stream_key(lane)], args=[lane]))
