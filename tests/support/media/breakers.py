"""A breaker in tests: how it is made and run, and how time passes for it."""

import time

import redis

from workers.media import MediaBreakerPolicy, MediaCircuitBreaker

HOUR = 3600.0
FREE = MediaBreakerPolicy(per_hour=None)
STRICT = MediaBreakerPolicy()


def breaker(client: redis.Redis, policy: MediaBreakerPolicy = FREE) -> MediaCircuitBreaker:
    return MediaCircuitBreaker(client, "b", policy)


def run(subject: MediaCircuitBreaker, successes: int, failures: int) -> int:
    """Ask for lookups and record these outcomes as far as they are allowed. Return the failures."""
    allowed = subject.allow(successes + failures)
    failed = min(failures, allowed)
    subject.record(allowed - failed, failed)
    return failed


def opened(client: redis.Redis) -> MediaCircuitBreaker:
    subject = breaker(client)
    run(subject, 0, 10)
    assert subject.allow(1) == 0
    return subject


def wait_of(subject: MediaCircuitBreaker) -> float:
    until = subject.open_until()
    assert until is not None
    return round(until - time.time())


def pass_time(client: redis.Redis, prefix: str, seconds: float) -> None:
    """Let `seconds` pass for a breaker: the server's clock cannot be moved, so what it wrote is made older."""
    shift = round(seconds * 1000)
    until = client.hget(f"{prefix}:state", "until")
    if until is not None:
        client.hset(f"{prefix}:state", "until", int(until) - shift)
    for name in ("failures", "under-way"):
        for position, at in enumerate(client.lrange(f"{prefix}:{name}", 0, -1)):
            client.lset(f"{prefix}:{name}", position, str(int(at) - shift))
    for key in client.keys(f"{prefix}:*"):
        left = client.pttl(key) - shift
        client.pexpire(key, left) if left > 0 else client.delete(key)
