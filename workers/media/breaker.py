"""The circuit breaker of the media API, shared by all processes: it stops lookups before the API blocks them.

360dialog blocks `GET /<media id>` for 30 minutes once 20 answers of 400 or above came within 60 minutes, regardless of
the number of successes (docs.360dialog.com, "Upload, retrieve or delete media", Constraints). Two rules follow:

- It opens when 10 of the latest 60 lookups failed: more lookups would not help. After 30 s one probe is allowed; while
  probes fail the wait doubles, up to 15 min; one success closes it.
- Failures of the last hour and running lookups together never exceed 18: even if every running lookup failed, the
  20th failure would not be reached. Successes cost nothing, but the more failures the hour has had, the fewer lookups
  run at a time; at 18, none until the oldest failure is an hour old. `per_hour=None` turns this rule off.
"""

from typing import NamedTuple

import redis

from shared.redis.scripts import read_script

#: Prefix of the keys of the media API's circuit breaker.
MEDIA_BREAKER_KEY = "sluice:media:breaker"
_SCRIPT = read_script(__package__, "breaker")
_PARTS = ("state", "latest", "failures", "under-way")


class MediaBreakerPolicy(NamedTuple):
    """When the circuit breaker opens, and for how long. Times are in seconds."""

    failure_threshold: int = 10  # of the latest `window` lookups
    window: int = 60
    per_hour: int | None = 18  # failures of the last hour together with running lookups; None: no such limit
    open_for: float = 30.0  # the first time; doubled each time a probe fails
    max_open_for: float = 900.0
    lease: float = 120.0  # a lookup not recorded by then counts as lost; at least twice the deadline of a fetch


class MediaCircuitBreaker:
    """A circuit breaker of all processes with the same Redis and prefix. Methods may raise RedisError.

    Call `allow`, look up, then call `record`, always all three: a lookup that is allowed and never recorded counts as
    running until its lease ends.
    """

    def __init__(self, client: redis.Redis, prefix: str, policy: MediaBreakerPolicy | None = None) -> None:
        policy = policy or MediaBreakerPolicy()
        if not 1 <= policy.failure_threshold <= policy.window or policy.per_hour == 0 or policy.lease <= 0:
            raise ValueError(
                "a policy needs 1 <= failure_threshold <= window, a lease, and a per_hour that is None or above zero"
            )
        self._keys = [f"{prefix}:{part}" for part in _PARTS]
        self._policy = _arguments(policy)
        self._script = client.register_script(_SCRIPT)

    def allow(self, n: int) -> int:
        """Return how many of n lookups may be made now: 0 when open, 1 when half open. They count as running."""
        return self._call("allow", n)[0]

    def record(self, successes: int, failures: int, unused: int = 0) -> None:
        """Record how allowed lookups ended. `unused` ones were not made. If repeated, failures count twice."""
        self._call("record", successes, failures, unused)

    def open_until(self) -> float | None:
        """Return until when no lookup is allowed, in seconds since 1970; None if lookups are allowed.

        If it is None and `allow` returns 0, running lookups use the whole budget: try again soon.
        """
        until = self._call("look")[1]
        return until / 1000 if until else None

    def _call(self, *call: str | int) -> tuple[int, int]:
        allowed, until = self._script(keys=self._keys, args=[*self._policy, *call])
        return int(allowed), int(until)


def _arguments(policy: MediaBreakerPolicy) -> list[int]:
    seconds = (policy.open_for, policy.max_open_for, policy.lease)
    return [policy.failure_threshold, policy.window, policy.per_hour or 0, *(round(1000 * each) for each in seconds)]
