"""The workers' side of the lanes: make known, take, settle, tick. (The ingress only pushes.)"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError

from shared.lanes.intake import push_script
from workers.lanes import keys as names
from workers.lanes import wakeup_message
from workers.lanes.circuit_breaker import BreakerChange, BreakerPolicy
from workers.lanes.heartbeats import HeartbeatRegistry
from workers.lanes.lane import LaneSpec, TakenEntry
from workers.lanes.outcomes import Outcome, Released, encode_outcomes
from workers.lanes.scripts import lane_script
from workers.lanes.timings import TakeTimings

#: An entry whose holders died this often is a dead letter.
MAX_DEATHS = 3
#: What one tick does in one lane at most.
MAX_DUE_RETRIES = 500
MAX_EXPIRED_LEASES = 100


class DrainStart(NamedTuple):
    """What a drain finds in its lane."""

    is_held: bool  # not to be drained now
    has_suspects: bool  # there may be entries to be taken alone, and these first
    probe: str = ""  # not empty: the lane's breaker is open, and this drain tries one entry


class Settled(NamedTuple):
    """What settling did."""

    entries: int
    added: int  # events that followed
    duplicates: int  # events that were known already
    breaker: BreakerChange


class MaintenanceReport(NamedTuple):
    """What one tick did in one lane."""

    retries_moved: int  # retries whose time had come
    made_suspects: int  # entries whose lease had run out, or whose holder was dead
    dead_lettered: int  # …for the third time
    wakeups_sent: int  # wake-ups sent
    held_by_dead: int = 0  # entries of dead holders that it came upon: there may be more


class Lanes:
    """Lanes of one Redis. All methods may raise redis.exceptions.RedisError; each may be repeated."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        take_client: redis.Redis | None = None,
        dedupe_seconds: int = 86_400,
        breaker: BreakerPolicy | None = None,
    ) -> None:
        self.client = client
        #: For taking. A take must not be repeated unseen: what the first one gave would be in nobody's hands.
        self._take_client = take_client or client
        self.dedupe_seconds = dedupe_seconds
        self._policy = (breaker or BreakerPolicy()).script_args()
        self.heartbeats = HeartbeatRegistry(client)
        self._register_script = client.register_script(lane_script("known"))
        self._push_script = client.register_script(push_script())
        self._start_drain_script = client.register_script(lane_script("begin"))
        self._settle_script = client.register_script(lane_script("breaker", "settle"))
        self._maintenance_script = client.register_script(lane_script("tick"))
        self._suspend_script = client.register_script(lane_script("hold"))

    def register(self, specs: Iterable[LaneSpec]) -> None:
        """Writes the lanes' specs where the scripts read them, and creates what is missing."""
        pipe = self.client.pipeline(transaction=False)
        for spec in specs:
            wakeup = wakeup_message.template(spec.name, spec.queue)
            args: list[str | int | bytes] = [
                spec.name,
                spec.queue,
                spec.entries_per_wakeup,
                spec.max_wakeups,
                wakeup,
                spec.lease_ms,
            ]
            self._register_script(keys=[names.stream_key(spec.name), names.LANES_KEY], args=args, client=pipe)
        pipe.execute()

    def push(self, lane: str, entries: Sequence[bytes], *, limit: int = 0) -> None:
        """Adds entries and wakes the lane. Raises ResponseError `BACKLOG …` where more than `limit` would wait."""
        self._push_script(keys=[names.stream_key(lane)], args=[lane, limit, *entries])

    def start_drain(self, lane: str, wakeup: str | None, consumer: str = "") -> DrainStart:
        """A wake-up arrived (None: a drain without one): it is not on its way any more. What is there to do?"""
        held, suspects, probe = self._start_drain_script(
            keys=[names.stream_key(lane)], args=[lane, wakeup or "", consumer]
        )
        return DrainStart(bool(held), bool(suspects), probe.decode())

    def suspend(self, lane: str, seconds: float, *, probe: str = "") -> None:
        """Nobody drains the lane for that long. `probe`: the one that ends by this, having told nothing."""
        self._suspend_script(keys=[names.stream_key(lane)], args=[max(1, round(seconds * 1000)), probe])

    def take(self, lane: str, consumer: str, count: int) -> list[TakenEntry]:
        """Up to `count` entries that nobody holds; they belong to this consumer until their lease runs out."""
        return self._read(names.stream_key(lane), consumer, count)

    def take_suspect(self, lane: str, consumer: str) -> list[TakenEntry]:
        """One entry whose last holder died, if there is any: to be run alone, so that it harms no other."""
        return self._read(names.suspects_key(lane), consumer, 1)

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
        lane's suspects. `probe`: name of the circuit breaker's probe that ends with this call. `measures`: timings of
        these entries; they count only if all of them still belonged to this worker.
        """
        keys = [names.suspects_key(lane) if suspect else names.stream_key(lane), names.stream_key(lane)]
        told = encode_outcomes(outcomes, timings.increments() if timings else {})
        args: list[bytes | str | int] = [lane, self.dedupe_seconds, *self._policy, probe, told]
        entries, added, duplicates, *news = self._settle_script(keys=keys, args=args)
        return Settled(int(entries), int(added), int(duplicates), BreakerChange.from_redis(*news))

    def release_all(self, lane: str, consumer: str) -> int:
        """All that this consumer holds of the lane is for anybody to take at once. Replies how many entries."""
        given = 0
        for stream, suspect in ((names.stream_key(lane), False), (names.suspects_key(lane), True)):
            held: Any = self.client.xpending_range(stream, names.CONSUMER_GROUP, "-", "+", 1000, consumer)
            if held:
                given += self.settle(
                    lane, [(entry["message_id"], Released()) for entry in held], suspect=suspect
                ).entries
        return given

    def run_maintenance(self, lanes: Iterable[str], dead: Sequence[str] = ()) -> dict[str, MaintenanceReport]:
        """Lets time act on the lanes, in one round trip. `dead`: processes whose entries are taken over."""
        lanes = list(lanes)
        pipe = self.client.pipeline(transaction=False)
        for lane in lanes:
            args: list[str | int] = [lane, MAX_DUE_RETRIES, MAX_EXPIRED_LEASES, MAX_DEATHS, *dead]
            self._maintenance_script(keys=[names.stream_key(lane)], args=args, client=pipe)
        return {lane: MaintenanceReport(*map(int, reply)) for lane, reply in zip(lanes, pipe.execute(), strict=True)}

    def _read(self, stream: str, consumer: str, count: int) -> list[TakenEntry]:
        try:
            reply = self._take_client.execute_command(  # type: ignore[no-untyped-call]
                "XREADGROUP", "GROUP", names.CONSUMER_GROUP, consumer, "COUNT", count, "STREAMS", stream, ">"
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.client.xgroup_create(stream, names.CONSUMER_GROUP, id="0", mkstream=True)
            return []
        return [TakenEntry.from_redis(*entry) for _, entries in reply or () for entry in entries]


def pause_lane(client: redis.Redis, lane: str) -> None:
    """For all workers: what they have taken is still handled, nothing more is taken. Raises RedisError."""
    client.set(names.paused_key(lane), "")


def resume_lane(client: redis.Redis, lane: str) -> bool:
    """Drained again, at once; replies whether it was paused. Raises RedisError."""
    return bool(client.register_script(lane_script("resume"))(keys=[names.stream_key(lane)], args=[lane]))
