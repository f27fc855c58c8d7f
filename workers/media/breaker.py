"""The breaker before the media API, shared by all processes: it stops asking before the API stops answering.

360dialog blocks `GET /<media id>` for 30 minutes once 20 answers of 400 or above came within 60 minutes, whatever the
number of good ones (docs.360dialog.com, "Upload, retrieve or delete media", Constraints). Two rules follow:

- It opens when 10 of the latest 60 lookups failed: something is wrong that more lookups would not mend. After 30 s one
  probe is let through; while probes fail the wait doubles up to 15 min; one success closes it.
- Failures of the last hour and lookups under way together never exceed 18, so even if every lookup under way failed,
  the 20th would not be reached. Successes cost nothing, but the more failures the hour has had, the fewer lookups
  run at once; at 18, none until the oldest is an hour old. Elsewhere, `per_hour=None` switches this rule off.
"""

from typing import NamedTuple

import redis

from shared.redis.scripts import read_script

#: How the keys of the one that guards the media API begin.
MEDIA_BREAKER_KEY = "sluice:media:breaker"
_SCRIPT = read_script(__package__, "breaker")
_PARTS = ("state", "latest", "failures", "under-way")


class MediaBreakerPolicy(NamedTuple):
    """When the breaker opens, and for how long. Times in seconds."""

    failures: int = 10  # of the latest `of` lookups
    of: int = 60
    per_hour: int | None = 18  # failures of any 60 minutes together with lookups under way; None: no such bound
    open_for: float = 30.0  # the first wait; doubled each time a probe fails
    longest: float = 900.0
    lease: float = 120.0  # a lookup not recorded by then is taken for lost; at least twice a fetch's deadline


class MediaCircuitBreaker:
    """One breaker of all processes with the same Redis and prefix. Methods may raise redis.exceptions.RedisError.

    Allow, look up, record, in this order and always all three: what is allowed and never recorded holds its place
    until the lease ends.
    """

    def __init__(self, client: redis.Redis, prefix: str, policy: MediaBreakerPolicy | None = None) -> None:
        policy = policy or MediaBreakerPolicy()
        if not 1 <= policy.failures <= policy.of or policy.per_hour == 0 or policy.lease <= 0:
            raise ValueError("a Policy needs 1 <= failures <= of, a lease, and a per_hour that is None or above zero")
        self._keys = [f"{prefix}:{part}" for part in _PARTS]
        self._policy = _arguments(policy)
        self._script = client.register_script(_SCRIPT)

    def allow(self, n: int) -> int:
        """How many of n lookups may be made now: 0 when open, 1 when half open. They count as under way."""
        return self._call("allow", n)[0]

    def record(self, successes: int, failures: int, unused: int = 0) -> None:
        """How allowed lookups ended; `unused` ones were not made after all. Repeated, failures count twice."""
        self._call("record", successes, failures, unused)

    def open_until(self) -> float | None:
        """Until when nothing is allowed, in seconds since 1970; None when lookups are allowed.

        None with `allow` answering 0 means that all places are taken by lookups under way: try again soon.
        """
        until = self._call("look")[1]
        return until / 1000 if until else None

    def _call(self, *call: str | int) -> tuple[int, int]:
        allowed, until = self._script(keys=self._keys, args=[*self._policy, *call])
        return int(allowed), int(until)


def _arguments(policy: MediaBreakerPolicy) -> list[int]:
    seconds = (policy.open_for, policy.longest, policy.lease)
    return [policy.failures, policy.of, policy.per_hour or 0, *(round(1000 * each) for each in seconds)]
