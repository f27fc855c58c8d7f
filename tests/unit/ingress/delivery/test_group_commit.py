"""Group commit: what is pushed together, in what order, and who hears what became of it."""

import asyncio
from collections.abc import Sequence

import pytest

from ingress.delivery.group_commit import GroupCommit, GroupLimits
from shared.errors import ServiceOverloaded
from tests.support.log import Log

pytestmark = pytest.mark.anyio

_MIB = 1024 * 1024


class _Push:
    """Holds each group until the test lets it go, with success or with an error."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self._gates: list[asyncio.Future[None]] = []

    async def __call__(self, entries: Sequence[bytes]) -> None:
        gate = asyncio.get_running_loop().create_future()
        self.groups.append(list(entries))
        self._gates.append(gate)
        await gate

    @property
    def in_flight(self) -> int:
        return sum(not gate.done() for gate in self._gates)

    async def succeed(self) -> None:
        self._gates[-1].set_result(None)
        await _settle()

    async def fail(self, error: Exception) -> None:
        self._gates[-1].set_exception(error)
        await _settle()


async def _settle() -> None:
    """Lets every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def _senders(commit: GroupCommit[bytes], *entries: bytes) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(commit.commit(entry)) for entry in entries]
    await _settle()
    return tasks


def _entries(count: int, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]


async def test_while_one_push_is_in_flight_the_next_group_gathers() -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"0")
    second = await _senders(commit, *_entries(50, 1))
    assert push.groups == [[b"0"]]

    await push.succeed()
    assert push.groups == [[b"0"], _entries(50, 1)]
    assert first.done()
    assert not any(task.done() for task in second)

    await push.succeed()
    await asyncio.gather(*second)


async def test_nobody_hears_of_success_before_the_push_has_returned() -> None:
    push = _Push()
    tasks = await _senders(GroupCommit(push), *_entries(5))
    assert push.groups == [_entries(5)]  # all of one turn of the loop go together
    assert not any(task.done() for task in tasks)

    await push.succeed()
    assert all(task.done() for task in tasks)


async def test_one_push_is_in_flight_at_a_time() -> None:
    push = _Push()
    commit = GroupCommit(push)
    tasks = []
    for number in range(10):
        tasks += await _senders(commit, b"%d" % number)
        assert push.in_flight == 1
    while push.in_flight:
        await push.succeed()
        assert push.in_flight <= 1
    await asyncio.gather(*tasks)


async def test_a_push_that_fails_fails_its_group_and_no_other() -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"0")
    second = await _senders(commit, b"1", b"2")
    await push.succeed()
    third = await _senders(commit, b"3", b"4")
    await push.fail(ServiceOverloaded("Redis is full", 7))
    await push.succeed()

    assert await asyncio.gather(first, *third) == [None] * 3
    refusals = await asyncio.gather(*second, return_exceptions=True)
    assert [(type(error), str(error), getattr(error, "retry_after", 0)) for error in refusals] == [
        (ServiceOverloaded, "Redis is full", 7)
    ] * 2
    assert refusals[0] is not refusals[1]  # an error that is raised in many tasks grows a traceback in each
    assert push.groups == [[b"0"], [b"1", b"2"], [b"3", b"4"]]


async def test_an_unexpected_error_leaves_nobody_waiting_and_is_logged_once(log: Log) -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"0")
    second = await _senders(commit, b"1", b"2", b"3")
    await push.fail(ZeroDivisionError())
    await push.succeed()

    with pytest.raises(ServiceOverloaded, match="internal server error"):
        await asyncio.wait_for(first, 1)
    await asyncio.wait_for(asyncio.gather(*second), 1)
    assert [(line.level, line.values) for line in log.take()] == [("exception", {"entries": 1})]


@pytest.mark.parametrize("leaves", [[0], [1], [2], [0, 2], [0, 1, 2]])
async def test_a_sender_that_is_cancelled_takes_no_neighbour_along(leaves: list[int]) -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"first")
    tasks = await _senders(commit, *_entries(3))
    for number in leaves:
        tasks[number].cancel()
    await _settle()
    late = await _senders(commit, b"late")  # joins the group that somebody has left
    await push.succeed()
    assert push.groups[1] == [*_entries(3), b"late"]
    await push.succeed()

    assert first.done()
    outcomes = await asyncio.gather(*tasks, *late, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [
        asyncio.CancelledError if number in leaves else type(None) for number in range(4)
    ]


async def test_one_that_is_cancelled_while_its_push_is_in_flight_takes_nobody_along_either() -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"first")
    tasks = await _senders(commit, *_entries(3))
    await push.succeed()
    tasks[1].cancel()
    await _settle()
    later = await _senders(commit, b"later")
    await push.succeed()
    await push.succeed()

    outcomes = await asyncio.gather(first, *tasks, *later, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(asyncio.CancelledError) == 1
    assert outcomes[3] is None
    assert outcomes[4] is None


async def test_a_group_holds_a_thousand_entries_at_most() -> None:
    push = _Push()
    tasks = await _senders(GroupCommit(push), *_entries(2501))
    while push.in_flight:
        await push.succeed()

    assert [len(group) for group in push.groups] == [1000, 1000, 501]
    assert [entry for group in push.groups for entry in group] == _entries(2501)
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([4 * _MIB, 1], [1, 1]),
        ([2 * _MIB, 2 * _MIB, 1], [2, 1]),
        ([9 * _MIB, 9 * _MIB], [1, 1]),  # one that is too large on its own is still pushed, alone
        ([1, 4 * _MIB, 1, 1], [1, 1, 2]),
    ],
)
async def test_a_group_holds_four_mebibytes_at_most(sizes: list[int], groups: list[int]) -> None:
    push = _Push()
    commit = GroupCommit(push)
    [first] = await _senders(commit, b"first")
    tasks = await _senders(commit, *[b"x" * size for size in sizes])
    while push.in_flight:
        await push.succeed()

    assert [len(group) for group in push.groups[1:]] == groups
    await asyncio.gather(first, *tasks)


async def test_what_waits_for_a_redis_that_hangs_is_bounded_and_the_rest_is_turned_away() -> None:
    push = _Push()
    commit = GroupCommit(push, limits=GroupLimits(max_waiting=10))
    [under_way] = await _senders(commit, b"in flight")
    waiting = await _senders(commit, b"waits", b"waits too")
    with pytest.raises(ServiceOverloaded, match="too many webhooks are waiting"):
        await commit.commit(b"too much")

    await push.succeed()
    [late] = await _senders(commit, b"there is room again")
    await push.succeed()
    await push.succeed()
    await asyncio.gather(under_way, *waiting, late)
    assert push.groups == [[b"in flight"], [b"waits", b"waits too"], [b"there is room again"]]


async def test_a_callback_that_fails_does_not_keep_the_result_from_the_others(log: Log) -> None:
    push = _Push()
    commit = GroupCommit(push)
    heard: list[ServiceOverloaded | None] = []
    commit.submit(b"0", lambda _: 1 / 0)  # type: ignore[arg-type]
    commit.submit(b"1", heard.append)
    await _settle()
    await push.succeed()
    assert heard == [None]
    assert [line.level for line in log.take()] == ["exception"]
