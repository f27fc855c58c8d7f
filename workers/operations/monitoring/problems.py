"""Find what is wrong: one sentence each, the worst first, with what to do about it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from workers.lanes.status import LaneStatus
from workers.operations.format import format_bytes, format_duration, pluralize
from workers.operations.monitoring.problem import Problem, Severity
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.snapshot import Snapshot
from workers.operations.redis_info import RedisInfo
from workers.operations.thresholds import (
    EVENT_LATE_SECONDS,
    MANY_RETRIES,
    REDIS_MEMORY_CRITICAL,
    REDIS_MEMORY_WARNING,
    RETRY_OVERDUE_SECONDS,
)
from workers.runtime.liveness.worker_status import REPORT_TIMEOUT

#: If all webhooks of this window were rejected, and at least _MIN_REJECTIONS, the secret is probably wrong.
_REJECTION_WINDOW_MS, _MIN_REJECTIONS = 300_000, 3
_REJECTED = ("401", "403")


class ExternalState(NamedTuple):
    """Facts that the snapshot does not contain."""

    database_error: str = ""  # why the event store does not answer; empty: it does
    database_since_ms: int = 0
    new_dead_letters: int = 0  # dead letters more than an hour ago
    rejections: tuple[Problem, ...] = ()  # see rejection_problems


def find_problems(now: Snapshot, external: ExternalState, known_since: Mapping[str, int]) -> list[Problem]:
    """Return all problems, the worst first. `known_since`: the problems before and since when, by code."""
    problems = [*_redis(now.redis), *_ingress(now), *external.rejections, *_workers(now), *_database(external)]
    problems += lane_problems(now.lanes, now.last_errors, external.new_dead_letters)
    problems = [each._replace(since_ms=each.since_ms or known_since.get(each.code, now.at_ms)) for each in problems]
    # New dead letters follow other problems of the same severity, since those usually cause them.
    return sorted(problems, key=lambda problem: (problem.severity, problem.code == "dead", problem.since_ms))


def lane_problems(lanes: Sequence[LaneStatus], errors: Mapping[str, str], new_dead_letters: int) -> list[Problem]:
    """Return the problems of the lanes. `errors`: the last error by lane; `new_dead_letters`: within the last hour."""
    problems = [problem for lane in lanes for problem in _lane(lane, errors.get(lane.lane, ""))]
    return [*problems, *_late(lanes), *_dead_letters(lanes, errors, new_dead_letters)]


def rejection_problems(samples: Sequence[Sample], now_ms: int) -> list[Problem]:
    """Return what is wrong with the responses of the last hour. `samples`: those of that hour."""
    recent = [sample for sample in samples if now_ms - sample.at <= _REJECTION_WINDOW_MS]
    return [*_failed_webhooks(samples), *_only_rejections(recent)]


def _redis(info: RedisInfo) -> list[Problem]:
    problems = []
    if not info.appendonly:
        text = "Redis keeps nothing on disk: a restart loses what waits."
        advice = "Set appendonly yes and appendfsync always in Redis."
        problems.append(Problem("aof", Severity.DATA_LOSS, text, advice))
    elif not info.aof_last_write_ok:
        text = "Redis cannot write its append-only file."
        problems.append(Problem("aof-write", Severity.DATA_LOSS, text, "Check the disk of the Redis server."))
    elif info.appendfsync not in {"always", ""}:
        text = f"Redis runs with appendfsync {info.appendfsync}: a power cut loses the last acknowledged webhooks."
        advice = "Set appendfsync always, unless you have decided otherwise."
        problems.append(Problem("fsync", Severity.NOTE, text, advice))
    if info.maxmemory_policy != "noeviction":
        text = f"Redis drops data when it is full ({info.maxmemory_policy})."
        problems.append(Problem("eviction", Severity.DATA_LOSS, text, "Set maxmemory-policy noeviction."))
    if info.memory_share > REDIS_MEMORY_WARNING:
        severity = Severity.STUCK if info.memory_share > REDIS_MEMORY_CRITICAL else Severity.LATE
        used = f"{format_bytes(info.used_memory)} of {format_bytes(info.maxmemory)}"
        text = f"Redis is nearly full: {used} ({info.memory_share:.0%})."
        problems.append(Problem("memory", severity, text, "Raise maxmemory, or let the lanes empty."))
    return problems


def _ingress(now: Snapshot) -> list[Problem]:
    refusing = [spool.refusing for spool in now.spools if spool.refusing]
    spooled = [spool for spool in now.spools if spool.waiting_bytes]
    problems = []
    if refusing:
        text = f"Webhooks are rejected with 503: the spool cannot take them ({refusing[0]})."
        problems.append(Problem("refusing", Severity.DATA_LOSS, text, "Check the disk of the ingress, and Redis."))
    elif now.ingresses == []:
        text = "No ingress is running: webhooks are probably not received."
        problems.append(Problem("ingress", Severity.DATA_LOSS, text, "Start one: python -m ingress."))
    if spooled:
        size = format_bytes(sum(spool.waiting_bytes for spool in spooled))
        since = min((spool.since_ms for spool in spooled if spool.since_ms), default=0)
        text = f"{size} of webhooks wait in the spool, because Redis did not accept them."
        advice = "They are safe on the ingress's disk, and move to Redis once it accepts them."
        problems.append(Problem("spool", Severity.LATE, text, advice, since_ms=since))
    return problems


def _workers(now: Snapshot) -> list[Problem]:
    alive = [worker for worker in now.workers if worker.age < REPORT_TIMEOUT]
    if not alive:
        text = "No worker is alive: nothing is handled."
        return [Problem("workers", Severity.STUCK, text, "Start one: celery -A workers worker.", "/#workers")]
    consumed = {queue for worker in alive for queue in worker.report.queues}
    unconsumed = sorted({lane.queue for lane in now.lanes if lane.waiting and lane.queue} - consumed)
    problems = []
    for queue in unconsumed:
        text = f"No worker consumes the queue {queue}, and events wait for it."
        problems.append(Problem(f"queue {queue}", Severity.STUCK, text, f"Start a worker with -Q {queue}.", "/lanes"))
    for worker in now.workers:
        if worker.problem and worker.report.state != "starting":
            text = f"Worker {worker.report.node}: {worker.problem}."
            advice = "Check that it is restarted."
            problems.append(Problem(f"worker {worker.name}", Severity.NOTE, text, advice, "/#workers"))
    return problems


def _database(external: ExternalState) -> list[Problem]:
    if not external.database_error:
        return []
    text = f"The event store does not answer: {external.database_error}."
    advice = "Events wait in their lanes without using up attempts, and are stored when it is back."
    return [Problem("database", Severity.STUCK, text, advice, since_ms=external.database_since_ms)]


def _lane(lane: LaneStatus, error: str) -> list[Problem]:
    link = f"/lanes/{lane.lane}"
    problems = []
    if lane.breaker is not None:
        text = f"The handler of {lane.lane} fails for every event: {lane.breaker.error}"
        advice = "Its events wait without using up attempts; one is tried now and then."
        since = lane.breaker.since_ms
        problems.append(Problem(f"breaker {lane.lane}", Severity.STUCK, text, advice, link, since_ms=since))
    if lane.paused:
        text = f"{lane.lane} is paused; {_wait(lane.waiting, 'event')}."
        problems.append(Problem(f"paused {lane.lane}", Severity.NOTE, text, "Resume it when you are ready.", link))
    if lane.retries >= MANY_RETRIES and lane.breaker is None:
        text = f"{pluralize(lane.retries, 'event')} of {lane.lane} failed and will be retried, {_due(lane)}: {error}"
        problems.append(Problem(f"retries {lane.lane}", Severity.LATE, text, "They are late until then.", link))
    overdue = -(lane.next_retry_ms or 0) / 1000
    if overdue > RETRY_OVERDUE_SECONDS and not lane.paused:
        text = f"Retries of {lane.lane} are overdue by {format_duration(overdue)}: no worker moves them."
        advice = "Check that workers are running."
        problems.append(Problem(f"overdue {lane.lane}", Severity.STUCK, text, advice, link))
    return problems


def _due(lane: LaneStatus) -> str:
    if lane.next_retry_ms is None or lane.next_retry_ms <= 0:
        return "the next one now"
    return f"the next one in {format_duration(lane.next_retry_ms / 1000)}"


def _late(lanes: Iterable[LaneStatus]) -> list[Problem]:
    late = [(lane.oldest_ms, lane.lane) for lane in lanes if lane.oldest_ms is not None and not lane.paused]
    oldest_ms, name = max(late, default=(0, ""))
    if oldest_ms <= EVENT_LATE_SECONDS * 1000:
        return []
    text = f"Events are late: the oldest in {name} has waited for {format_duration(oldest_ms / 1000)}."
    advice = "Start more workers, speed up the handler, or find out what blocks it."
    return [Problem("late", Severity.LATE, text, advice, f"/lanes/{name}")]


def _dead_letters(lanes: Sequence[LaneStatus], errors: Mapping[str, str], new: int) -> list[Problem]:
    total = sum(lane.dead for lane in lanes)
    if new > 0:
        text = f"{pluralize(new, 'new dead letter')} within the last hour."
        most = max(lanes, key=lambda lane: lane.dead, default=None)
        if most is not None and most.dead:
            text += f" Most are of {most.lane}: {errors.get(most.lane) or 'unknown error'}"
        return [Problem("dead", Severity.STUCK, text, "Find out why, then replay or discard them.", "/dead")]
    if total:
        text = f"{_wait(total, 'dead letter')} for a decision."
        return [Problem("dead-old", Severity.NOTE, text, "Replay or discard them.", "/dead")]
    return []


def _failed_webhooks(samples: Sequence[Sample]) -> list[Problem]:
    failed = [sample for sample in samples if _responses(sample, "5")]
    if not failed:
        return []
    webhooks = pluralize(sum(_responses(sample, "5") for sample in failed), "webhook")
    text = f"{webhooks} could not be accepted within the last hour (answered 5xx)."
    advice = "They are lost unless the provider sends them again. Check the ingress's log, its disk, and Redis."
    return [Problem("refused", Severity.DATA_LOSS, text, advice, since_ms=failed[0].at)]


def _only_rejections(samples: Sequence[Sample]) -> list[Problem]:
    """Rejecting strangers is normal. If nobody else comes, the provider has the wrong secret."""
    rejected = [sample for sample in samples if _responses(sample, *_REJECTED)]
    count = sum(_responses(sample, *_REJECTED) for sample in rejected)
    if count < _MIN_REJECTIONS or any(_responses(sample, "2") for sample in samples):
        return []
    text = f"All webhooks of the last minutes were rejected: {count} with 401 or 403, none accepted."
    advice = "Compare the provider's address and secret with SLUICE_WEBHOOK_TOKEN, _HMAC_SECRET and _SENDER_NETWORKS."
    return [Problem("turned-away", Severity.DATA_LOSS, text, advice, since_ms=rejected[0].at)]


def _responses(sample: Sample, *prefixes: str) -> int:
    return sum(count for status, count in (sample.responses or {}).items() if status.startswith(prefixes))


def _wait(count: int, noun: str) -> str:
    return f"{pluralize(count, noun)} {'waits' if count == 1 else 'wait'}"
