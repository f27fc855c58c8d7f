"""What the facts about Redis mean. Pure."""

import re
from collections.abc import Iterator

from workers.operations.doctor.facts import Check, ProbeFailed, RedisFacts, size

#: XAUTOCLAIM without deleted entries, and streams within scripts: Redis 7.0; every Valkey is younger.
_MIN_VERSIONS = {"Redis": (7, 0), "Valkey": (7, 2)}
_FULL = 0.8  # of maxmemory
_MAX_SKEW_SECONDS = 2.0  # seconds
_SLOW_MS = 50.0  # milliseconds


def redis_checks(facts: RedisFacts | ProbeFailed, min_replicas: int) -> Iterator[Check]:
    """All that is to be said of Redis; `min_replicas`: how many must have a webhook before its 200."""
    if isinstance(facts, ProbeFailed):
        yield Check(
            "redis", False, facts.reason, "start Redis, or correct SLUICE_REDIS_URL; webhooks wait in the spool"
        )
        return
    slow = facts.latency_ms > _SLOW_MS
    seen = f"{facts.product} {facts.version} answers in {facts.latency_ms:.1f} ms"
    yield Check("redis", not slow, seen, "put it nearer, or look what keeps it busy (SLOWLOG GET)" if slow else "")
    yield _version(facts)
    yield _role(facts)
    yield _persistence(facts)
    yield _eviction(facts)
    yield _memory(facts)
    yield _replicas(facts, min_replicas)
    told = abs(facts.skew_s) <= _MAX_SKEW_SECONDS
    ahead = "ahead of" if facts.skew_s > 0 else "behind"
    seen = f"its clock is {abs(facts.skew_s):.1f} s {ahead} ours"
    yield Check("redis clock", told, seen, "" if told else "set both machines' clocks by NTP")


def _version(facts: RedisFacts) -> Check:
    oldest = _MIN_VERSIONS.get(facts.product, (7, 0))
    found = tuple(int(part) for part in re.findall(r"\d+", facts.version)[:2])
    well = found >= oldest
    advice = "" if well else f"upgrade it to {oldest[0]}.{oldest[1]} or newer"
    return Check("redis version", well, f"{facts.product} {facts.version}", advice)


def _role(facts: RedisFacts) -> Check:
    well = facts.role == "master"
    return Check("redis role", well, facts.role, "" if well else "point SLUICE_REDIS_URL to the primary")


def _persistence(facts: RedisFacts) -> Check:
    name = "redis persistence"
    if not facts.appendonly:
        return Check(
            name, False, "appendonly is off", "CONFIG SET appendonly yes, and in redis.conf: a 200 is no promise"
        )
    if not facts.aof_writes:
        return Check(name, False, "the last write to the append-only file failed", "look at Redis' disk and log")
    seen = f"appendonly is on, appendfsync {facts.appendfsync or 'is not told'}"
    match facts.appendfsync:
        case "no":
            return Check(name, False, seen, "CONFIG SET appendfsync always (or everysec), and in redis.conf")
        case "everysec":
            return Check(
                name, True, seen, "a power cut may lose two seconds of acknowledged webhooks; `always` loses none"
            )
        case None:
            return Check(name, True, seen, "ask who runs it whether it is `always` or `everysec`")
    return Check(name, True, seen)


def _eviction(facts: RedisFacts) -> Check:
    well = facts.policy == "noeviction"
    advice = "" if well else "CONFIG SET maxmemory-policy noeviction, and in redis.conf: it would throw webhooks away"
    return Check("redis eviction", well, facts.policy, advice)


def _memory(facts: RedisFacts) -> Check:
    used = size(facts.used_memory)
    if not facts.maxmemory:
        advice = "set maxmemory to half of the machine: without it the kernel may kill Redis"
        return Check("redis memory", True, f"{used} used, no maxmemory", advice)
    share = facts.used_memory / facts.maxmemory
    advice = "" if share < _FULL else "raise maxmemory, or see in `sluice status` what waits"
    return Check("redis memory", share < _FULL, f"{used} of {size(facts.maxmemory)} used ({share:.0%})", advice)


def _replicas(facts: RedisFacts, wanted: int) -> Check:
    well = facts.replicas >= wanted
    seen = f"{facts.replicas} online, SLUICE_MIN_REPLICAS is {wanted}"
    return Check("redis replicas", well, seen, "" if well else "start them: until then every webhook goes to the spool")
