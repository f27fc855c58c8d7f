"""How many entries are taken at once: what fits the time and the memory a take may cost."""

import pytest

from workers.runtime.batch_size import AdaptiveBatchSize

KB, MB = 1024, 1024 * 1024


def _noted(most: int, seconds: float, *takes: tuple[int, int, float]) -> list[int]:
    """The limits, first and after each take of (entries, bytes, seconds)."""
    pace = AdaptiveBatchSize(most, seconds)
    limits = [pace.limit]
    for take in takes:
        pace.record(*take)
        limits.append(pace.limit)
    return limits


@pytest.mark.parametrize(("most", "first"), [(500, 16), (16, 16), (8, 8), (1, 1)])
def test_the_first_take_is_a_small_one(most: int, first: int) -> None:
    assert _noted(most, 0.5) == [first]


@pytest.mark.parametrize(
    ("takes", "limits"),
    [
        # Full takes of cheap entries: doubled each time, up to the most.
        ([(16, 16 * KB, 0.001), (32, 32 * KB, 0.001), (64, 64 * KB, 0.002)], [16, 32, 64, 100]),
        # A take that was not full says nothing about a fuller one.
        ([(15, 15 * KB, 0.001), (1, 1, 0.0001)], [16, 16, 16]),
        # Slow entries: what fits half a second; 20 ms each are 25, 100 ms are 5.
        ([(16, 16 * KB, 0.32)], [16, 25]),
        ([(16, 16 * KB, 1.6)], [16, 5]),
        # Slower than the time: one by one, and never none.
        ([(16, 16 * KB, 160.0)], [16, 1]),
        ([(1, 1, 5.0)], [16, 1]),
        # Large entries: what fits 8 MiB.
        ([(16, 16 * MB, 0.001)], [16, 8]),
        ([(16, 48 * MB, 0.001)], [16, 2]),
        ([(1, 100 * MB, 0.001)], [16, 1]),
        # It grows again as it grew at first.
        ([(16, 16 * KB, 160.0), (1, KB, 0.001), (2, KB, 0.001), (4, KB, 0.001)], [16, 1, 2, 4, 8]),
        # Neither time nor size at all.
        ([(16, 0, 0.0)], [16, 32]),
    ],
)
def test_the_limit_follows_what_entries_cost(takes: list[tuple[int, int, float]], limits: list[int]) -> None:
    assert _noted(100, 0.5, *takes) == limits


def test_the_slower_of_time_and_size_decides() -> None:
    assert _noted(100, 0.5, (16, 16 * MB, 0.8)) == [16, 8]
    assert _noted(100, 0.5, (16, 8 * MB, 1.6)) == [16, 5]
