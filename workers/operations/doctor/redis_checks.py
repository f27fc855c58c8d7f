"""Check the facts about Redis. Pure."""

import re
from collections.abc import Iterator

from workers.operations.doctor.facts import Check, ProbeFailed, RedisFacts, format_size
from workers.operations.redis_info import RedisInfo
from workers.operations.thresholds import MAX_CLOCK_SKEW_SECONDS, REDIS_MEMORY_WARNING, REDIS_SLOW_MS

#: XAUTOCLAIM without deleted entries, and streams within scripts: Redis 7.0; every Valkey is younger.
_MIN_VERSIONS = {"Redis": (7, 0), "Valkey": (7, 2)}


def redis_checks(facts: RedisFacts | ProbeFailed, min_replicas: int) -> Iterator[Check]:
    """Yield the checks of Redis. `min_replicas`: replicas that must hold a webhook before its 200."""
    if isinstance(facts, ProbeFailed):
        advice = "start Redis, or correct SLUICE_REDIS_URL; until then webhooks wait in the spool"
        yield Check("redis", False, facts.reason, advice)
        return
    info = facts.info
    yield _latency(facts)
    yield _version(info)
    yield _role(info)
    yield _persistence(info)
    yield _eviction(info)
    yield _memory(info)
    yield _replicas(info, min_replicas)
    yield _clock(facts.skew_seconds)


def _latency(facts: RedisFacts) -> Check:
    ok = facts.latency_ms <= REDIS_SLOW_MS
    message = f"{facts.info.product} {facts.info.version} answers in {facts.latency_ms:.1f} ms"
    advice = "move it closer, or find out what keeps it busy (SLOWLOG GET)"
    return Check("redis", ok, message, "" if ok else advice)


def _version(info: RedisInfo) -> Check:
    required = _MIN_VERSIONS[info.product]
    ok = tuple(int(part) for part in re.findall(r"\d+", info.version)[:2]) >= required
    advice = "" if ok else f"upgrade to {required[0]}.{required[1]} or later"
    return Check("redis version", ok, f"{info.product} {info.version}", advice)


def _role(info: RedisInfo) -> Check:
    ok = info.role == "master"
    return Check("redis role", ok, info.role, "" if ok else "point SLUICE_REDIS_URL to the primary")


def _persistence(info: RedisInfo) -> Check:
    name = "redis persistence"
    if not info.appendonly:
        advice = "CONFIG SET appendonly yes, and the same in redis.conf; without it a restart loses what waits"
        return Check(name, False, "appendonly is off", advice)
    if not info.aof_last_write_ok:
        return Check(name, False, "the last write to the append-only file failed", "check Redis's disk and log")
    message = f"appendonly is on, appendfsync is {info.appendfsync or 'unknown'}"
    match info.appendfsync:
        case "no":
            advice = "CONFIG SET appendfsync always (or everysec), and the same in redis.conf"
            return Check(name, False, message, advice)
        case "everysec":
            advice = "a power cut may lose two seconds of acknowledged webhooks; with always it loses none"
            return Check(name, True, message, advice)
        case "":
            return Check(name, True, message, "ask the operator of the server whether it is always or everysec")
    return Check(name, True, message)


def _eviction(info: RedisInfo) -> Check:
    ok = info.maxmemory_policy == "noeviction"
    advice = "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf; otherwise a full Redis drops webhooks"
    return Check("redis eviction", ok, info.maxmemory_policy, "" if ok else advice)


def _memory(info: RedisInfo) -> Check:
    used = format_size(info.used_memory)
    if not info.maxmemory:
        advice = "set maxmemory to half of the machine's memory, or the kernel may kill Redis"
        return Check("redis memory", True, f"{used} used, no maxmemory", advice)
    ok = info.memory_share <= REDIS_MEMORY_WARNING
    message = f"{used} of {format_size(info.maxmemory)} used ({info.memory_share:.0%})"
    return Check("redis memory", ok, message, "" if ok else "raise maxmemory, or see in `sluice status` what waits")


def _replicas(info: RedisInfo, required: int) -> Check:
    ok = info.online_replicas >= required
    message = f"{info.online_replicas} online, SLUICE_MIN_REPLICAS is {required}"
    return Check("redis replicas", ok, message, "" if ok else "start them; until then every webhook goes to the spool")


def _clock(skew_seconds: float) -> Check:
    ok = abs(skew_seconds) <= MAX_CLOCK_SKEW_SECONDS
    direction = "ahead of" if skew_seconds > 0 else "behind"
    message = f"{abs(skew_seconds):.1f} s {direction} this machine's clock"
    return Check("redis clock", ok, message, "" if ok else "synchronise both machines' clocks by NTP")
