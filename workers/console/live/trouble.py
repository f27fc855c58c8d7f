"""What is wrong, in one sentence each, the worst first, and what to do about it. Pure."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from shared.lanes.survey import LaneStatus
from workers.console.live.look import Look, Server
from workers.console.words import bytes_of, count_of, span
from workers.liveness.presence import SILENCE

#: Age (ms) of the oldest unhandled event that is late, and how long (ms) a due retry may wait for its mover.
LATE = 60_000
_OVERDUE = 15_000
#: Share of its memory at which Redis is nearly full.
_FULL = 0.9


class Grade(IntEnum):
    """How bad it is."""

    LOSS = 0  # events may be lost, or webhooks are refused
    STUCK = 1  # events wait for somebody to do something
    LATE = 2
    NOTE = 3  # nothing is wrong, and yet one should know


class Trouble(NamedTuple):
    """Something that is wrong."""

    code: str
    grade: Grade
    text: str
    advice: str
    link: str = ""  # the page where something can be done
    since_ms: int = 0  # since 1970


class Elsewhere(NamedTuple):
    """What the look at Redis does not tell."""

    database: str = ""  # why the event store does not answer; empty: it does
    database_since_ms: int = 0
    newly_dead: int = 0  # dead letters more than an hour ago


def troubles(now: Look, elsewhere: Elsewhere, before: Mapping[str, int]) -> list[Trouble]:
    """All of them, the worst first. `before`: what was wrong at the look before, and since when."""
    found = [*_server(now.server), *_ingress(now), *_workers(now), *_database(elsewhere), *_dead(now, elsewhere)]
    for lane in now.lanes:
        found += _lane(lane)
    found += _late(now)
    since = [trouble._replace(since_ms=trouble.since_ms or before.get(trouble.code, now.at_ms)) for trouble in found]
    return sorted(since, key=lambda trouble: (trouble.grade, trouble.since_ms))


def _server(server: Server) -> list[Trouble]:
    found = []
    if not server.appendonly:
        advice = "Set appendonly yes and appendfsync always in Redis."
        found.append(Trouble("aof", Grade.LOSS, "Redis keeps nothing on disk: a restart loses what waits.", advice))
    elif not server.writes_logged:
        advice = "Look at the Redis server's disk."
        found.append(Trouble("aof-write", Grade.LOSS, "Redis cannot write its log.", advice))
    elif server.appendfsync not in {"always", ""}:
        text = f"Redis writes its log with appendfsync {server.appendfsync}: a power cut loses up to a second."
        found.append(Trouble("fsync", Grade.NOTE, text, "Set appendfsync always, unless that was a decision."))
    if server.policy != "noeviction":
        text = f"Redis throws data away when it is full ({server.policy})."
        found.append(Trouble("eviction", Grade.LOSS, text, "Set maxmemory-policy noeviction."))
    if server.memory_limit and server.memory > _FULL * server.memory_limit:
        text = f"Redis is nearly full: {bytes_of(server.memory)} of {bytes_of(server.memory_limit)}."
        found.append(Trouble("memory", Grade.STUCK, text, "Give it more memory, or let the lanes empty."))
    return found


def _ingress(now: Look) -> list[Trouble]:
    refusing = [spool.refusing for spool in now.spools if spool.refusing]
    spooled = [spool for spool in now.spools if spool.waiting_bytes]
    troubles = []
    if refusing:
        text = f"Webhooks are answered 503: the spool does not take them ({refusing[0]})."
        troubles.append(Trouble("refusing", Grade.LOSS, text, "Look at the ingress's disk, and at Redis."))
    elif now.ingresses == []:
        text = "No ingress says that it runs: nobody may be taking webhooks."
        troubles.append(Trouble("ingress", Grade.LOSS, text, "Start one: python -m ingress."))
    if spooled:
        many = sum(spool.waiting_bytes for spool in spooled)
        since = min((spool.since_ms for spool in spooled if spool.since_ms), default=0)
        text = f"{bytes_of(many)} of webhooks wait in the spool: Redis did not take them."
        advice = "They are safe on the ingress's disk, and are moved by themselves once Redis takes them."
        troubles.append(Trouble("spool", Grade.LATE, text, advice, since_ms=since))
    return troubles


def _workers(now: Look) -> list[Trouble]:
    alive = [worker for worker in now.workers if worker.age < SILENCE]
    if not alive:
        text = "No worker is alive: nothing is handled."
        return [Trouble("workers", Grade.STUCK, text, "Start one: celery -A workers worker.", "/#workers")]
    queues = {queue for worker in alive for queue in worker.said.queues}
    lost = sorted({lane.queue for lane in now.lanes if lane.waiting and lane.queue and lane.queue not in queues})
    found = [
        Trouble(
            f"queue {queue}",
            Grade.STUCK,
            f"Nobody takes from the queue {queue}, and events wait for it.",
            f"Start a worker with -Q {queue}.",
            "/lanes",
        )
        for queue in lost
    ]
    for worker in now.workers:
        if worker.trouble and worker.said.state != "starting":
            text = f"Worker {worker.said.node}: {worker.trouble}."
            found.append(Trouble(f"worker {worker.name}", Grade.NOTE, text, "Is it started again?", "/#workers"))
    return found


def _database(elsewhere: Elsewhere) -> list[Trouble]:
    if not elsewhere.database:
        return []
    text = f"The event store does not answer: {elsewhere.database}."
    advice = "Events wait in their lanes, charged no attempt, and are written when it is back."
    return [Trouble("database", Grade.STUCK, text, advice, since_ms=elsewhere.database_since_ms)]


def _dead(now: Look, elsewhere: Elsewhere) -> list[Trouble]:
    dead = sum(lane.dead for lane in now.lanes)
    if elsewhere.newly_dead > 0:
        text = f"{count_of(elsewhere.newly_dead, 'new dead letter')} within the last hour."
        return [Trouble("dead", Grade.STUCK, text, "Look why, then replay or discard them.", "/dead")]
    if dead:
        text = f"{count_of(dead, 'dead letter')} {'waits' if dead == 1 else 'wait'} for a decision."
        return [Trouble("dead-old", Grade.NOTE, text, "Replay or discard them.", "/dead")]
    return []


def _lane(lane: LaneStatus) -> list[Trouble]:
    link = f"/lanes/{lane.lane}"
    found = []
    if lane.breaker is not None:
        text = f"The handler of {lane.lane} fails for every event: {lane.breaker.error}"
        advice = "Its events wait, charged no attempt; one is tried now and then."
        found.append(Trouble(f"breaker {lane.lane}", Grade.STUCK, text, advice, link, since_ms=lane.breaker.since_ms))
    if lane.paused:
        text = f"{lane.lane} is paused; {count_of(lane.waiting, 'event')} {'waits' if lane.waiting == 1 else 'wait'}."
        found.append(Trouble(f"paused {lane.lane}", Grade.NOTE, text, "Somebody paused it.", link))
    if lane.next_retry_ms is not None and lane.next_retry_ms < -_OVERDUE and not lane.paused:
        text = f"Retries of {lane.lane} are overdue by {span(-lane.next_retry_ms / 1000)}: no worker moves them."
        found.append(Trouble(f"overdue {lane.lane}", Grade.STUCK, text, "Are workers alive?", link))
    return found


def _late(now: Look) -> list[Trouble]:
    late = [lane for lane in now.lanes if lane.oldest_ms and lane.oldest_ms > LATE and not lane.paused]
    if not late:
        return []
    worst = max(late, key=lambda lane: lane.oldest_ms or 0)
    text = f"Events are late: the oldest in {worst.lane} has waited for {span((worst.oldest_ms or 0) / 1000)}."
    advice = "More workers, a faster handler, or look what holds it up."
    return [Trouble("late", Grade.LATE, text, advice, f"/lanes/{worst.lane}")]
