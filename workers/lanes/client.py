"""The workers' side of the lanes: make known, take, settle, tick. (The ingress only pushes.)"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError

from shared.lanes import keys as names
from shared.lanes.intake import push_script
from shared.lanes.keys import LaneSpec, Taken
from workers.lanes import wakeup_message
from workers.lanes.circuit_breaker import BreakerNews, BreakerPolicy
from workers.lanes.heartbeats import Holders
from workers.lanes.outcomes import Back, Verdict, packed
from workers.lanes.scripts import lane_script
from workers.lanes.timings import Measures

#: An entry whose holders died this often is a dead letter.
POISON_DEATHS = 3
#: What one tick does in one lane at most.
DUE_AT_ONCE = 500
LEASES_AT_ONCE = 100


class Begun(NamedTuple):
    """What a drain finds in its lane."""

    held: bool  # not to be drained now
    suspects: bool  # there may be entries to be taken alone, and these first
    probe: str = ""  # not empty: the lane's breaker is open, and this drain tries one entry


class Settled(NamedTuple):
    """What settling did."""

    entries: int
    added: int  # events that followed
    duplicates: int  # events that were known already
    breaker: BreakerNews


class Ticked(NamedTuple):
    """What one tick did in one lane."""

    moved: int  # retries whose time had come
    suspected: int  # entries whose lease had run out, or whose holder was dead
    dead: int  # …for the third time
    woken: int  # wake-ups sent
    left: int = 0  # entries of dead holders that it came upon: there may be more


class Lanes:
    """Lanes of one Redis. All methods may raise redis.exceptions.RedisError; each may be repeated."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        takes: redis.Redis | None = None,
        dedupe_seconds: int = 86_400,
        breaker: BreakerPolicy | None = None,
    ) -> None:
        self.client = client
        #: For taking. A take must not be repeated unseen: what the first one gave would be in nobody's hands.
        self._takes = takes or client
        self.dedupe_seconds = dedupe_seconds
        self._policy = (breaker or BreakerPolicy()).arguments()
        self.holders = Holders(client)
        self._known = client.register_script(lane_script("known"))
        self._push = client.register_script(push_script())
        self._begin = client.register_script(lane_script("begin"))
        self._settle = client.register_script(lane_script("breaker", "settle"))
        self._tick = client.register_script(lane_script("tick"))
        self._hold = client.register_script(lane_script("hold"))

    def make_known(self, specs: Iterable[LaneSpec]) -> None:
        """Writes the lanes' specs where the scripts read them, and creates what is missing."""
        pipe = self.client.pipeline(transaction=False)
        for spec in specs:
            wakeup = wakeup_message.template(spec.name, spec.queue)
            args: list[str | int | bytes] = [spec.name, spec.queue, spec.grain, spec.cap, wakeup, spec.lease_ms]
            self._known(keys=[names.stream(spec.name), names.LANES], args=args, client=pipe)
        pipe.execute()

    def push(self, lane: str, entries: Sequence[bytes], *, limit: int = 0) -> None:
        """Adds entries and wakes the lane. Raises ResponseError `BACKLOG …` where more than `limit` would wait."""
        self._push(keys=[names.stream(lane)], args=[lane, limit, *entries])

    def begin(self, lane: str, wakeup: str | None, consumer: str = "") -> Begun:
        """A wake-up arrived (None: a drain without one): it is not on its way any more. What is there to do?"""
        held, suspects, probe = self._begin(keys=[names.stream(lane)], args=[lane, wakeup or "", consumer])
        return Begun(bool(held), bool(suspects), probe.decode())

    def hold(self, lane: str, seconds: float, *, probe: str = "") -> None:
        """Nobody drains the lane for that long. `probe`: the one that ends by this, having told nothing."""
        self._hold(keys=[names.stream(lane)], args=[max(1, round(seconds * 1000)), probe])

    def take(self, lane: str, consumer: str, count: int) -> list[Taken]:
        """Up to `count` entries that nobody holds; they belong to this consumer until their lease runs out."""
        return self._read(names.stream(lane), consumer, count)

    def take_suspect(self, lane: str, consumer: str) -> list[Taken]:
        """One entry whose last holder died, if there is any: to be run alone, so that it harms no other."""
        return self._read(names.suspects(lane), consumer, 1)

    def settle(
        self, lane: str, verdicts: list[tuple[bytes, Verdict]], *, suspect: bool = False
    ) -> tuple[int, int, int]:
        """Ends the handling of taken entries, all at once. Replies (settled, events added, duplicates)."""
        return self.conclude(lane, verdicts, suspect=suspect)[:3]

    def conclude(
        self,
        lane: str,
        verdicts: list[tuple[bytes, Verdict]],
        *,
        suspect: bool = False,
        probe: str = "",
        measures: Measures | None = None,
    ) -> Settled:
        """Settles, and tells what became of the lane's breaker. `probe`: the one that ends by this. `measures`: of
        these entries; they count if all of them were still this worker's."""
        keys = [names.suspects(lane) if suspect else names.stream(lane), names.stream(lane)]
        told = packed(verdicts, measures.fields() if measures else {})
        args: list[bytes | str | int] = [lane, self.dedupe_seconds, *self._policy, probe, told]
        entries, added, duplicates, *news = self._settle(keys=keys, args=args)
        return Settled(int(entries), int(added), int(duplicates), BreakerNews.read(*news))

    def give_back(self, lane: str, consumer: str) -> int:
        """All that this consumer holds of the lane is for anybody to take at once. Replies how many entries."""
        given = 0
        for stream, suspect in ((names.stream(lane), False), (names.suspects(lane), True)):
            held: Any = self.client.xpending_range(stream, names.GROUP, "-", "+", 1000, consumer)
            if held:
                given += self.settle(lane, [(entry["message_id"], Back()) for entry in held], suspect=suspect)[0]
        return given

    def tick(self, lanes: Iterable[str], dead: Sequence[str] = ()) -> dict[str, Ticked]:
        """Lets time act on the lanes, in one round trip. `dead`: processes whose entries are taken over."""
        lanes = list(lanes)
        pipe = self.client.pipeline(transaction=False)
        for lane in lanes:
            args: list[str | int] = [lane, DUE_AT_ONCE, LEASES_AT_ONCE, POISON_DEATHS, *dead]
            self._tick(keys=[names.stream(lane)], args=args, client=pipe)
        return {lane: Ticked(*map(int, reply)) for lane, reply in zip(lanes, pipe.execute(), strict=True)}

    def _read(self, stream: str, consumer: str, count: int) -> list[Taken]:
        try:
            reply = self._takes.execute_command(  # type: ignore[no-untyped-call]
                "XREADGROUP", "GROUP", names.GROUP, consumer, "COUNT", count, "STREAMS", stream, ">"
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.client.xgroup_create(stream, names.GROUP, id="0", mkstream=True)
            return []
        return [Taken.read(*entry) for _, entries in reply or () for entry in entries]


def lane_exists(client: redis.Redis, lane: str) -> bool:
    """Whether any worker ever made such a lane known. Raises RedisError."""
    return bool(client.sismember(names.LANES, lane))


def pause_lane(client: redis.Redis, lane: str) -> None:
    """For all workers: what they have taken is still handled, nothing more is taken. Raises RedisError."""
    client.set(names.paused(lane), "")


def resume_lane(client: redis.Redis, lane: str) -> bool:
    """Drained again, at once; replies whether it was paused. Raises RedisError."""
    return bool(client.register_script(lane_script("resume"))(keys=[names.stream(lane)], args=[lane]))
