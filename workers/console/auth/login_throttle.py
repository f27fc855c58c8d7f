"""Guessing the password is slow: for each address, and for all of them together."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import ip_address, ip_network

#: Wrong passwords of one address that cost nothing; from then on each doubles the wait, up to LONGEST seconds.
FREE_FAILURES = 5
MAX_WAIT = 300.0
#: Seconds after which an address' last wrong password is forgotten.
_FORGOTTEN = 900.0
#: Wrong passwords of all addresses within a window (s), beyond which one try is let through every so many seconds.
MAX_FAILURES_TOTAL = 50
_WINDOW = 300.0
_PACE = 5.0
_MAX_ADDRESSES = 10_000


class LoginThrottle:
    """Counts wrong passwords in this process' memory; every console process has its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by address: how many, the last when
        self._all: deque[float] = deque(maxlen=MAX_FAILURES_TOTAL)

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0: now."""
        now = self._clock()
        count, last = self._wrong.get(_network(address), (0, 0.0))
        own = (
            last + min(2.0 ** (count - FREE_FAILURES), MAX_WAIT) - now
            if count >= FREE_FAILURES and now - last < _FORGOTTEN
            else 0.0
        )
        crowded = len(self._all) == MAX_FAILURES_TOTAL and now - self._all[0] < _WINDOW
        return max(own, self._all[-1] + _PACE - now if crowded else 0.0, 0.0)

    def failed(self, address: str) -> None:
        """A wrong password."""
        now, network = self._clock(), _network(address)
        count, last = self._wrong.pop(network, (0, now))
        self._wrong[network] = (count + 1 if now - last < _FORGOTTEN else 1, now)
        self._all.append(now)
        if len(self._wrong) > _MAX_ADDRESSES:
            self._wrong.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """The right one."""
        self._wrong.pop(_network(address), None)


def _network(address: str) -> str:
    """The address, or for IPv6 the network of which one person has all addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
