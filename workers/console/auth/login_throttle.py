"""Slow down password guessing, per address and in total."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import ip_address, ip_network

#: Wrong passwords of an address without a wait. Each further one doubles the wait, up to MAX_WAIT_SECONDS.
FREE_FAILURES = 5
MAX_WAIT_SECONDS = 300.0
#: An address's failures are forgotten this long after the last one.
_FAILURE_TTL_SECONDS = 900.0
#: After this many failures of all addresses within the window, only one attempt per interval is allowed.
MAX_FAILURES_TOTAL = 50
_TOTAL_WINDOW_SECONDS = 300.0
_TOTAL_INTERVAL_SECONDS = 5.0
_MAX_ADDRESSES = 10_000


class LoginThrottle:
    """Count wrong passwords in memory; every console process has its own counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by network: count, time of the last
        self._recent: deque[float] = deque(maxlen=MAX_FAILURES_TOTAL)  # times, of all addresses

    def seconds_to_wait(self, address: str) -> float:
        """Return the seconds until this address may try again; 0 means now."""
        now = self._clock()
        count, last = self._failures.get(_network(address), (0, 0.0))
        own_wait = total_wait = 0.0
        if count >= FREE_FAILURES and now - last < _FAILURE_TTL_SECONDS:
            own_wait = last + min(2.0 ** (count - FREE_FAILURES), MAX_WAIT_SECONDS) - now
        if len(self._recent) == MAX_FAILURES_TOTAL and now - self._recent[0] < _TOTAL_WINDOW_SECONDS:
            total_wait = self._recent[-1] + _TOTAL_INTERVAL_SECONDS - now
        return max(own_wait, total_wait, 0.0)

    def record_failure(self, address: str) -> None:
        """Count a wrong password."""
        now, network = self._clock(), _network(address)
        count, last = self._failures.pop(network, (0, now))
        self._failures[network] = (count + 1 if now - last < _FAILURE_TTL_SECONDS else 1, now)
        self._recent.append(now)
        if len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def record_success(self, address: str) -> None:
        """Forget the address's failures."""
        self._failures.pop(_network(address), None)


def _network(address: str) -> str:
    """Return the address, or for IPv6 its /64 network, all of whose addresses one person may use."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
