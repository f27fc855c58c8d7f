"""A handler's time limit, with real alarms: they end even a loop that never looks up."""

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from tests.support.waiting import until
from workers.handlers.timeout import HandlerTimeout, time_limit


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    """No alarm is set: pytest-timeout's own waits meanwhile."""
    before, handled = signal.setitimer(signal.ITIMER_REAL, 0), signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, handled)
    signal.setitimer(signal.ITIMER_REAL, *before)


def _spin() -> None:
    while True:
        pass


def test_a_busy_loop_is_ended() -> None:
    with pytest.raises(HandlerTimeout, match=r"longer than its timeout of 0\.02 s"), time_limit(0.02):
        _spin()


def test_what_ends_in_time_is_left_alone() -> None:
    with time_limit(60):
        seen = signal.getitimer(signal.ITIMER_REAL)[0]
    assert 59 < seen <= 60
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_error_of_the_handler_comes_through_and_ends_the_limit() -> None:
    with pytest.raises(ValueError, match="its own"), time_limit(60):
        raise ValueError("its own")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_limit_ends_with_its_block() -> None:
    rung: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, _frame: rung.append(number))
    with time_limit(0.03):
        pass
    signal.setitimer(signal.ITIMER_REAL, 0.05)  # later than the limit's alarm would have been
    until(lambda: rung)
    assert len(rung) == 1


def test_the_signal_handler_before_is_restored() -> None:
    def mine(_signal: int, _frame: FrameType | None) -> None: ...

    signal.signal(signal.SIGALRM, mine)
    with pytest.raises(HandlerTimeout), time_limit(0.01):
        _spin()
    assert signal.getsignal(signal.SIGALRM) is mine


def _twice(inner: float) -> None:
    """Spins within a limit of its own, and then on."""
    with pytest.raises(HandlerTimeout, match=f"of {inner:g} s"), time_limit(inner):
        _spin()
    with time_limit(60):
        pass
    _spin()


@pytest.mark.parametrize(("outer", "inner"), [(0.2, 0.01), (0.01, 0.05)])
def test_a_limit_holds_whatever_limits_there_were_within_it(outer: float, inner: float) -> None:
    with pytest.raises(HandlerTimeout, match=f"of {outer:g} s"), time_limit(outer):
        _twice(inner)


def test_time_within_an_inner_limit_counts_for_the_outer_one() -> None:
    with time_limit(60):
        with pytest.raises(HandlerTimeout), time_limit(0.05):
            _spin()
        assert signal.getitimer(signal.ITIMER_REAL)[0] < 60 - 0.04


def test_in_other_threads_there_is_no_limit_and_no_signal() -> None:
    ended: list[object] = []

    def work() -> None:
        with time_limit(0.001):
            ended.append(signal.getitimer(signal.ITIMER_REAL))

    before = signal.getsignal(signal.SIGALRM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [(0.0, 0.0)]
    assert signal.getsignal(signal.SIGALRM) is before
