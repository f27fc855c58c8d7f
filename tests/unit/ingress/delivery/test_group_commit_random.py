"""Group commit under any order of sending, cancelling, success and failure."""

import asyncio
from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ingress.delivery.group_commit import GroupCommit
from shared.errors import ServiceOverloaded

_SENDERS = 30


class _Store:
    """A push that takes its time and now and then fails; what it took before it failed, it does not have."""

    def __init__(self, random: Random) -> None:
        self.has: list[int] = []
        self.pushed: list[int] = []
        self._random = random
        self._busy = False

    async def __call__(self, entries: Sequence[bytes]) -> None:
        assert not self._busy, "two pushes at a time"
        assert entries, "an empty push"
        self._busy = True
        numbers = [int(entry) for entry in entries]
        self.pushed += numbers
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        self._busy = False
        if self._random.random() < 0.3:
            raise ServiceOverloaded("no")
        self.has += numbers


async def _run(seed: int) -> None:
    random = Random(seed)
    store = _Store(random)
    commit = GroupCommit(store)
    tasks: list[asyncio.Task[None]] = []
    for number in range(_SENDERS):
        tasks.append(asyncio.create_task(commit.commit(b"%d" % number)))
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        if random.random() < 0.2:
            random.choice(tasks).cancel()
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    acknowledged = [number for number, outcome in enumerate(outcomes) if outcome is None]
    refused = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, ServiceOverloaded)]
    assert set(acknowledged) <= set(store.has), "a success that is not durable"
    assert not set(refused) & set(store.has), "a refusal of what is durable"
    assert store.pushed == sorted(set(store.pushed)), "out of order, or pushed twice"


@given(seed=st.integers(0, 2**32))
def test_a_success_is_always_durable_and_each_entry_is_pushed_once_and_in_order(seed: int) -> None:
    asyncio.run(_run(seed))
