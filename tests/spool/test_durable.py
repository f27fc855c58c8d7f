"""Committing: Redis, else the spool, else a refusal; never a timeout for each request of an outage."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ingress.spool.claim import Claim
from ingress.spool.claims import Claims
from ingress.spool.durable import Durable
from ingress.spool.spool import Spool
from shared.errors import Overloaded
from tests.spool.conftest import SpoolLog
from tests.spool.pieces import (
    INTAKE,
    LANES,
    LARGE,
    STATUSES,
    FakeRedis,
    Time,
    all_contents,
    clear_away,
    files,
    numbered,
    obstruct,
    segments,
)

pytestmark = pytest.mark.anyio
_BEGIN = "webhooks go to the spool until Redis takes them again"
_END = "the spool is empty again"
_LEFT = "webhooks that another process left in the spool are pushed to Redis"


class _Ingress:
    """A Durable, its Redis and its clock. `start` is left to the test."""

    def __init__(self, folder: Path, *, limit: int = 1 << 30) -> None:
        self.time = Time()
        self.redis = FakeRedis(self.time)
        self.spool = Spool(folder, limit=limit)
        self.durable = Durable(
            self.redis.push,
            self.redis.ping,
            self.spool,
            first=LANES,
            clock=self.time,
            sleep=self.time.sleep,
        )

    async def commit(self, lane: str, count: int = 1, start: int = 0) -> None:
        await self.durable.commit(lane, [receipt for _, receipt in numbered(lane, count, start)])

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 - it is about files and other tasks
                await asyncio.sleep(0)


@asynccontextmanager
async def _running(folder: Path, *, down: bool = False) -> AsyncIterator[_Ingress]:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("Redis is full") if down else None
    ingress.durable.start()
    yield ingress
    await ingress.durable.stop()


async def test_what_redis_takes_never_touches_the_disk(folder: Path) -> None:
    ingress = _Ingress(folder)
    await ingress.commit(INTAKE, 3)
    assert ingress.redis.taken == numbered(INTAKE, 3)
    assert files(folder) == {}


@pytest.mark.parametrize(
    "error", [Overloaded("Redis is full"), TimeoutError(), ConnectionResetError("reset"), OSError(5, "io")]
)
async def test_what_redis_refuses_or_does_not_answer_is_spooled_whole(
    folder: Path, error: Exception, log: SpoolLog
) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = error
    await ingress.commit(INTAKE, 5)
    assert all_contents(folder) == numbered(INTAKE, 5)
    assert log.events == [_BEGIN]


async def test_a_fault_in_the_push_is_spooled_too_and_logged(folder: Path, log: SpoolLog) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = KeyError("a fault of ours")
    await ingress.commit(INTAKE, 5)
    assert all_contents(folder) == numbered(INTAKE, 5)
    assert log.events == ["a push to Redis failed as it should not; its webhooks go to the spool", _BEGIN]


async def test_a_group_that_redis_took_without_saying_so_is_pushed_again(folder: Path, log: SpoolLog) -> None:
    async with _running(folder) as ingress:
        ingress.redis.down, ingress.redis.unsure = TimeoutError(), True
        await ingress.commit(INTAKE, 2)
        ingress.redis.down = None
        await ingress.until(lambda: len(ingress.redis.taken) == 4)
        assert ingress.redis.taken == numbered(INTAKE, 2) * 2
        await ingress.until(lambda: ingress.durable.state().usage.segments == 0)
    assert log.events[0] == _BEGIN


async def test_after_a_failure_no_push_is_tried_until_a_probe_succeeds(folder: Path, log: SpoolLog) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = TimeoutError()
    for number in range(50):
        await ingress.commit(INTAKE, 1, number)
    assert len(ingress.redis.calls) == 1, "one request waited for the timeout, not fifty"
    assert all_contents(folder) == numbered(INTAKE, 50)
    ingress.redis.down = None
    ingress.durable.start()
    await ingress.until(lambda: not segments(folder))
    await ingress.commit(INTAKE, 1, 50)
    assert ingress.redis.taken == numbered(INTAKE, 51)
    await ingress.durable.stop()
    assert log.events[0] == _BEGIN


async def test_while_redis_hangs_a_request_waits_for_the_spool_only(folder: Path, log: SpoolLog) -> None:
    hung = asyncio.Event()

    async def push(lane: str, receipts: object) -> None:
        await hung.wait()
        raise TimeoutError

    durable = Durable(push, FakeRedis().ping, Spool(folder))
    first = asyncio.create_task(durable.commit(INTAKE, [b"first"]))
    await asyncio.sleep(0)
    hung.set()
    await first
    hung.clear()  # every further push would hang for ever
    async with asyncio.timeout(5):
        for number in range(100):
            await durable.commit(INTAKE, [b"%d" % number])
    assert len(all_contents(folder)) == 101
    assert log.events == [_BEGIN]


async def test_one_lane_over_its_backlog_leaves_the_others_to_redis(folder: Path, log: SpoolLog) -> None:
    ingress = _Ingress(folder)
    ingress.redis.full_lanes = {STATUSES}
    for number in range(3):
        for lane in LANES:
            await ingress.commit(lane, 1, number)
    assert all_contents(folder) == numbered(STATUSES, 3)
    assert ingress.redis.of(INTAKE) + ingress.redis.of(LARGE) == [
        receipt for lane in (INTAKE, LARGE) for _, receipt in numbered(lane, 3)
    ]
    assert ingress.durable.state().open_lanes == (STATUSES,)
    assert log.events == [_BEGIN]


async def test_only_where_the_spool_refuses_too_is_the_sender_turned_away(folder: Path, log: SpoolLog) -> None:
    ingress = _Ingress(folder, limit=1000)
    ingress.redis.down = Overloaded("Redis is full")
    await ingress.commit(INTAKE, 5)
    for _ in range(3):
        with pytest.raises(Overloaded, match="the spool: it is full"):
            await ingress.commit(INTAKE, 100)
    await ingress.commit(INTAKE, 5, 5)
    assert all_contents(folder) == numbered(INTAKE, 10)
    assert log.events == [_BEGIN, "the spool does not take webhooks; they are answered 503"]


async def test_groups_of_all_lanes_that_meet_share_one_fsync(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: SpoolLog
) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("down")
    for lane in LANES:
        await ingress.commit(lane)
    gate, syncs, fsync = threading.Event(), [], os.fsync

    def slow(fd: int) -> None:
        syncs.append(fd)
        assert gate.wait(10)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commits = [asyncio.create_task(ingress.commit(lane, 7, 1)) for lane in LANES for _ in range(5)]
    await ingress.until(lambda: len(syncs) == 1)
    gate.set()
    await asyncio.gather(*commits)
    assert len(syncs) <= 2
    assert len(all_contents(folder)) == 3 + 15 * 7
    assert log.events == [_BEGIN]


async def test_a_slow_fsync_does_not_hold_up_the_event_loop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: SpoolLog
) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("down")
    gate, fsync = threading.Event(), os.fsync

    def slow(fd: int) -> None:
        assert gate.wait(10), "only the loop can open the gate"
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commit = asyncio.create_task(ingress.commit(INTAKE))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not commit.done()
    gate.set()
    await commit
    assert log.events == [_BEGIN]


async def test_a_sender_that_gives_up_harms_no_other(folder: Path, log: SpoolLog) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("down")
    tasks = [asyncio.create_task(ingress.commit(INTAKE, 1, number)) for number in range(10)]
    for _ in range(3):
        await asyncio.sleep(0)
    tasks[4].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in outcomes if each is not None and not isinstance(each, asyncio.CancelledError)] == []
    assert set(all_contents(folder)) >= {record for n, record in enumerate(numbered(INTAKE, 10)) if n != 4}
    assert log.events == [_BEGIN]


async def test_a_fault_in_the_spool_is_answered_and_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: SpoolLog
) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("down")
    with pytest.raises(Overloaded, match="a fault of the server"):
        await ingress.durable.commit("a lane of too long a name" * 20, [b"x"])
    assert log.events == ["webhooks could not be spooled", "the spool does not take webhooks; they are answered 503"]


async def test_on_stop_the_segment_is_closed_and_the_next_start_drains_it(folder: Path, log: SpoolLog) -> None:
    async with _running(folder, down=True) as ingress:
        await ingress.commit(INTAKE, 700)
        await ingress.commit(STATUSES, 5)
    with pytest.raises(Overloaded, match="the ingress is stopping"):
        await ingress.commit(INTAKE)
    assert len(all_contents(folder)) == 705
    async with _running(folder) as ingress:
        await ingress.until(lambda: ingress.durable.state().usage.segments == 0 and not segments(folder))
        assert ingress.redis.of(INTAKE) == [receipt for _, receipt in numbered(INTAKE, 700)]
        assert len(ingress.redis.of(STATUSES)) == 5
        log.take()


async def test_stopping_amid_a_push_loses_nothing(folder: Path, log: SpoolLog) -> None:
    spool = Spool(folder)
    spool.append(numbered(INTAKE, 900))
    spool.close_segment()
    begun = asyncio.Event()

    async def push(lane: str, receipts: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    durable = Durable(push, FakeRedis().ping, Spool(folder))
    durable.start()
    await begun.wait()
    await durable.stop()
    assert all_contents(folder) == numbered(INTAKE, 900)
    async with _running(folder) as ingress:
        await ingress.until(lambda: not segments(folder))
        assert ingress.redis.taken == numbered(INTAKE, 900)
    assert set(log.events) <= {_LEFT, _END}


async def test_an_append_under_way_at_stop_is_finished_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: SpoolLog
) -> None:
    ingress = _Ingress(folder)
    ingress.redis.down = Overloaded("down")
    gate, begun, fsync = threading.Event(), threading.Event(), os.fsync

    def slow(fd: int) -> None:
        begun.set()
        assert gate.wait(10)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commit = asyncio.create_task(ingress.commit(INTAKE, 3))
    await ingress.until(begun.is_set)
    stop = asyncio.create_task(ingress.durable.stop())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(commit, stop)
    assert all_contents(folder) == numbered(INTAKE, 3)
    assert log.events == [_BEGIN]


async def test_an_outage_is_two_lines_in_the_log(folder: Path, log: SpoolLog) -> None:
    async with _running(folder) as ingress:
        for outage in range(2):
            ingress.redis.down = Overloaded("Redis is full")
            for number in range(30):
                await ingress.commit(INTAKE, 1, number)
                await asyncio.sleep(0)
            ingress.redis.down = None
            await ingress.until(lambda: len(log.lines) == 2)
            lines = log.take()
            assert [line.event for line in lines] == [_BEGIN, _END], outage
            assert lines[0].values == {"reason": "Redis is full"}
            assert lines[1].values["drained_since_start"] == 30 * (outage + 1)


async def test_a_backlog_that_is_full_now_and_then_is_one_outage(folder: Path, log: SpoolLog) -> None:
    async with _running(folder) as ingress:
        for number in range(20):
            ingress.redis.down = Overloaded("too many webhooks wait")
            await ingress.commit(INTAKE, 1, number)
            ingress.redis.down = None
            drained = ingress.durable.state().drained_records
            await ingress.until(lambda: ingress.durable.state().drained_records > drained)  # noqa: B023 - awaited here
        await ingress.until(lambda: len(log.lines) > 1)
        assert log.events == [_BEGIN, _END]
        assert ingress.redis.taken == numbered(INTAKE, 20)


async def test_a_push_that_succeeds_after_another_failed_closes_the_breaker(folder: Path, log: SpoolLog) -> None:
    gates = {b"slow": asyncio.Event(), b"failing": asyncio.Event()}

    async def push(lane: str, receipts: Sequence[bytes]) -> None:
        await gates[receipts[0]].wait()
        if receipts[0] == b"failing":
            raise TimeoutError

    durable = Durable(push, FakeRedis().ping, Spool(folder))
    slow, failing = (asyncio.create_task(durable.commit(INTAKE, [each])) for each in gates)
    await asyncio.sleep(0)
    gates[b"failing"].set()
    await failing
    assert durable.state().open_lanes == (INTAKE,)
    gates[b"slow"].set()
    await slow
    assert durable.state().open_lanes == ()
    assert log.events == [_BEGIN]


async def test_what_another_process_left_is_told(folder: Path, log: SpoolLog) -> None:
    spool = Spool(folder)
    spool.append(numbered(INTAKE, 2000))
    spool.close_segment()
    async with _running(folder, down=True) as ingress:
        await ingress.until(lambda: bool(log.lines))
        ingress.redis.down = None
        await ingress.until(lambda: len(log.lines) == 2)
    assert log.events == [_LEFT, _END]


async def test_the_state_tells_what_was_spooled_and_what_waits(folder: Path, log: SpoolLog) -> None:
    async with _running(folder) as ingress:
        assert ingress.durable.state()[:5] == ((), 0, 0, 0, 0)
        ingress.redis.down = Overloaded("Redis is full")
        await ingress.durable.commit(INTAKE, [b"12345", b"678"])
        state = ingress.durable.state()
        assert state[:5] == ((INTAKE,), 2, 8, 0, 0)
        await ingress.until(lambda: ingress.durable.state().usage.segments == 1)
        usage = ingress.durable.state().usage
        assert usage.waiting_bytes == sum(path.stat().st_size for path in segments(folder))
        assert usage.since_ms is not None
        ingress.redis.down = None
        await ingress.until(lambda: ingress.durable.state().usage.segments == 0)
        assert ingress.durable.state()[:5] == ((), 2, 8, 2, 8)
    assert log.events[0] == _BEGIN


async def test_the_state_tells_why_the_spool_refuses_and_when_that_is_over(folder: Path, log: SpoolLog) -> None:
    obstruct(folder)
    async with _running(folder, down=True) as ingress:
        await ingress.until(lambda: ingress.durable.state().refusing != "" and bool(log.lines))
        with pytest.raises(Overloaded):
            await ingress.commit(INTAKE)
        clear_away(folder)
        await ingress.until(lambda: ingress.durable.state().refusing == "")
        await ingress.commit(INTAKE)
    assert sorted(log.events) == [
        "the spool does not take webhooks; they are answered 503",
        "the spool's folder cannot be read; what is in it waits",
        _BEGIN,
    ]


async def test_a_broken_spool_does_not_keep_redis_out_of_use(folder: Path, log: SpoolLog) -> None:
    obstruct(folder)
    async with _running(folder, down=True) as ingress:
        with pytest.raises(Overloaded):
            await ingress.commit(INTAKE)
        ingress.redis.down = None
        await ingress.until(lambda: ingress.durable.state().open_lanes == ())
        await ingress.commit(INTAKE)
        assert ingress.redis.taken == numbered(INTAKE, 1)
    assert set(log.events) == {
        "the spool's folder cannot be read; what is in it waits",
        "the spool does not take webhooks; they are answered 503",
    }


async def test_draining_goes_on_after_an_error_that_should_not_be(
    folder: Path, log: SpoolLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(folder)
    spool.append(numbered(INTAKE, 5))
    spool.close_segment()
    take, faults = Claims.take, [RuntimeError("unforeseen")]

    def sometimes(self: Claims) -> Claim | None:
        if faults:
            raise faults.pop()
        return take(self)

    monkeypatch.setattr(Claims, "take", sometimes)
    async with _running(folder) as ingress:
        await ingress.until(lambda: not segments(folder))
        assert ingress.redis.taken == numbered(INTAKE, 5)
    assert log.events[0] == "draining the spool failed; it is tried again"
