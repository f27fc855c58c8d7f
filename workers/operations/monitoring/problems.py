"""What is wrong, in one sentence each, the worst first, and what to do about it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from workers.lanes.status import LaneStatus
from workers.operations.format import format_bytes, format_duration, pluralize
from workers.operations.monitoring.problem import Problem, Severity
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.snapshot import RedisServer, Snapshot
from workers.runtime.liveness.worker_status import REPORT_TIMEOUT

#: Age (ms) of the oldest unhandled event that is late, and how long (ms) a due retry may wait for its mover.
LATE_MS = 60_000
_OVERDUE_MS = 15_000
#: Retries of one lane that are no longer a matter of course.
MANY_RETRIES = 20


def lane_problems(lanes: Sequence[LaneStatus], errors: Mapping[str, str], new_dead_letters: int) -> list[Problem]:
    """`errors`: the last one of each lane; `newly_dead`: dead letters more than an hour ago."""
    found = [trouble for lane in lanes for trouble in _lane(lane, errors.get(lane.lane, ""))]
    return [*found, *_late(lanes), *_dead(lanes, errors, new_dead_letters)]


def _dead(lanes: Sequence[LaneStatus], errors: Mapping[str, str], newly_dead: int) -> list[Problem]:
    dead = sum(lane.dead for lane in lanes)
    most = max(lanes, key=lambda lane: lane.dead, default=None)
    if newly_dead > 0:
        text = f"{pluralize(newly_dead, 'new dead letter')} within the last hour."
        if most is not None and most.dead:
            text += f" Most are of {most.lane}: {errors.get(most.lane) or 'no error told'}"
        return [Problem("dead", Severity.STUCK, text, "Look why, then replay or discard them.", "/dead")]
    if dead:
        text = f"{pluralize(dead, 'dead letter')} {'waits' if dead == 1 else 'wait'} for a decision."
        return [Problem("dead-old", Severity.NOTE, text, "Replay or discard them.", "/dead")]
    return []


def _lane(lane: LaneStatus, error: str) -> list[Problem]:
    link = f"/lanes/{lane.lane}"
    found = []
    if lane.breaker is not None:
        text = f"The handler of {lane.lane} fails for every event: {lane.breaker.error}"
        advice = "Its events wait, charged no attempt; one is tried now and then."
        found.append(
            Problem(f"breaker {lane.lane}", Severity.STUCK, text, advice, link, since_ms=lane.breaker.since_ms)
        )
    if lane.paused:
        text = f"{lane.lane} is paused; {pluralize(lane.waiting, 'event')} {'waits' if lane.waiting == 1 else 'wait'}."
        found.append(Problem(f"paused {lane.lane}", Severity.NOTE, text, "Somebody paused it.", link))
    if lane.retries >= MANY_RETRIES and lane.breaker is None:
        text = f"{pluralize(lane.retries, 'event')} of {lane.lane} failed and {_will_be_tried(lane)}: {error}"
        found.append(Problem(f"retries {lane.lane}", Severity.LATE, text, "They are late until then.", link))
    if lane.next_retry_ms is not None and lane.next_retry_ms < -_OVERDUE_MS and not lane.paused:
        overdue = format_duration(-lane.next_retry_ms / 1000)
        text = f"Retries of {lane.lane} are overdue by {overdue}: no worker moves them."
        found.append(Problem(f"overdue {lane.lane}", Severity.STUCK, text, "Are workers alive?", link))
    return found


def _will_be_tried(lane: LaneStatus) -> str:
    if lane.next_retry_ms is None or lane.next_retry_ms <= 0:
        return "are due to be tried again"
    return f"will be tried again, the next in {format_duration(lane.next_retry_ms / 1000)}"


def _late(lanes: Iterable[LaneStatus]) -> list[Problem]:
    late = [lane for lane in lanes if lane.oldest_ms and lane.oldest_ms > LATE_MS and not lane.paused]
    if not late:
        return []
    worst = max(late, key=lambda lane: lane.oldest_ms or 0)
    text = (
        f"Events are late: the oldest in {worst.lane} has waited for {format_duration((worst.oldest_ms or 0) / 1000)}."
    )
    advice = "More workers, a faster handler, or look what holds it up."
    return [Problem("late", Severity.LATE, text, advice, f"/lanes/{worst.lane}")]


#: Share of its memory at which Redis is nearly full.
_FULL = 0.9


class ExternalState(NamedTuple):
    """What the look at Redis does not tell."""

    database_error: str = ""  # why the event store does not answer; empty: it does
    database_since_ms: int = 0
    new_dead_letters: int = 0  # dead letters more than an hour ago
    rejections: tuple[Problem, ...] = ()  # what the answers of the last hour show


def find_problems(now: Snapshot, elsewhere: ExternalState, before: Mapping[str, int]) -> list[Problem]:
    """All of them, the worst first. `before`: what was wrong at the look before, and since when."""
    found = [*_server(now.redis), *_ingress(now), *elsewhere.rejections, *_workers(now), *_database(elsewhere)]
    found += lane_problems(now.lanes, now.last_errors, elsewhere.new_dead_letters)
    since = [trouble._replace(since_ms=trouble.since_ms or before.get(trouble.code, now.at_ms)) for trouble in found]
    # Of those that are as bad, letters that died are what the others lead to.
    return sorted(since, key=lambda trouble: (trouble.severity, trouble.code == "dead", trouble.since_ms))


def _server(server: RedisServer) -> list[Problem]:
    found = []
    if not server.appendonly:
        advice = "Set appendonly yes and appendfsync always in Redis."
        found.append(
            Problem("aof", Severity.DATA_LOSS, "Redis keeps nothing on disk: a restart loses what waits.", advice)
        )
    elif not server.writes_logged:
        advice = "Look at the Redis server's disk."
        found.append(Problem("aof-write", Severity.DATA_LOSS, "Redis cannot write its log.", advice))
    elif server.appendfsync not in {"always", ""}:
        text = f"Redis writes its log with appendfsync {server.appendfsync}: a power cut loses up to a second."
        found.append(Problem("fsync", Severity.NOTE, text, "Set appendfsync always, unless that was a decision."))
    if server.policy != "noeviction":
        text = f"Redis throws data away when it is full ({server.policy})."
        found.append(Problem("eviction", Severity.DATA_LOSS, text, "Set maxmemory-policy noeviction."))
    if server.memory_limit and server.memory > _FULL * server.memory_limit:
        text = f"Redis is nearly full: {format_bytes(server.memory)} of {format_bytes(server.memory_limit)}."
        found.append(Problem("memory", Severity.STUCK, text, "Give it more memory, or let the lanes empty."))
    return found


def _ingress(now: Snapshot) -> list[Problem]:
    refusing = [spool.refusing for spool in now.spools if spool.refusing]
    spooled = [spool for spool in now.spools if spool.waiting_bytes]
    troubles = []
    if refusing:
        text = f"Webhooks are answered 503: the spool does not take them ({refusing[0]})."
        troubles.append(Problem("refusing", Severity.DATA_LOSS, text, "Look at the ingress's disk, and at Redis."))
    elif now.ingresses == []:
        text = "No ingress says that it runs: nobody may be taking webhooks."
        troubles.append(Problem("ingress", Severity.DATA_LOSS, text, "Start one: python -m ingress."))
    if spooled:
        many = sum(spool.waiting_bytes for spool in spooled)
        since = min((spool.since_ms for spool in spooled if spool.since_ms), default=0)
        text = f"{format_bytes(many)} of webhooks wait in the spool: Redis did not take them."
        advice = "They are safe on the ingress's disk, and are moved by themselves once Redis takes them."
        troubles.append(Problem("spool", Severity.LATE, text, advice, since_ms=since))
    return troubles


def _workers(now: Snapshot) -> list[Problem]:
    alive = [worker for worker in now.workers if worker.age < REPORT_TIMEOUT]
    if not alive:
        text = "No worker is alive: nothing is handled."
        return [Problem("workers", Severity.STUCK, text, "Start one: celery -A workers worker.", "/#workers")]
    queues = {queue for worker in alive for queue in worker.report.queues}
    lost = sorted({lane.queue for lane in now.lanes if lane.waiting and lane.queue and lane.queue not in queues})
    found = [
        Problem(
            f"queue {queue}",
            Severity.STUCK,
            f"Nobody takes from the queue {queue}, and events wait for it.",
            f"Start a worker with -Q {queue}.",
            "/lanes",
        )
        for queue in lost
    ]
    for worker in now.workers:
        if worker.problem and worker.report.state != "starting":
            text = f"Worker {worker.report.node}: {worker.problem}."
            found.append(Problem(f"worker {worker.name}", Severity.NOTE, text, "Is it started again?", "/#workers"))
    return found


def _database(elsewhere: ExternalState) -> list[Problem]:
    if not elsewhere.database_error:
        return []
    text = f"The event store does not answer: {elsewhere.database_error}."
    advice = "Events wait in their lanes, charged no attempt, and are written when it is back."
    return [Problem("database", Severity.STUCK, text, advice, since_ms=elsewhere.database_since_ms)]


#: For so long (ms) strangers must have been all that came, and so many times, before the secret is thought to be wrong.
_REJECTION_WINDOW_MS, _MIN_REJECTIONS = 300_000, 3
_REJECTED = ("401", "403")


def rejection_problems(samples: Sequence[Sample], now_ms: int) -> list[Problem]:
    """What is wrong with the answers."""
    return [
        *_unavailable(samples),
        *_all_rejected([sample for sample in samples if now_ms - sample.at <= _REJECTION_WINDOW_MS]),
    ]


def _unavailable(samples: Sequence[Sample]) -> list[Problem]:
    """Ours is the fault: nothing could keep them."""
    refused = [sample for sample in samples if _responses(sample, "5")]
    if not refused:
        return []
    many = pluralize(sum(_responses(sample, "5") for sample in refused), "webhook")
    text = f"{many} could not be taken within the last hour (answered 5xx)."
    advice = "They are lost unless the provider sends them again. Look at the ingress's log, its disk, and Redis."
    return [Problem("refused", Severity.DATA_LOSS, text, advice, since_ms=refused[0].at)]


def _all_rejected(samples: Sequence[Sample]) -> list[Problem]:
    """Some strangers always come by. Where nobody else does, it is the provider that has the wrong secret."""
    turned_away = [sample for sample in samples if _responses(sample, *_REJECTED)]
    many = sum(_responses(sample, *_REJECTED) for sample in turned_away)
    if many < _MIN_REJECTIONS or any(_responses(sample, "2") for sample in samples):
        return []
    text = f"All webhooks of the last minutes were turned away: {many} answered 401 or 403, none taken."
    advice = "Compare the provider's address and secret with SLUICE_WEBHOOK_TOKEN, _HMAC_SECRET and _SENDER_NETWORKS."
    return [Problem("turned-away", Severity.DATA_LOSS, text, advice, since_ms=turned_away[0].at)]


def _responses(sample: Sample, *beginnings: str) -> int:
    return sum(count for code, count in (sample.answers or {}).items() if code.startswith(beginnings))
