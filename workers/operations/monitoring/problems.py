"""What is wrong, in one sentence each, the worst first, and what to do about it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.format import bytes_of
from workers.console.live.lane_trouble import of_lanes
from workers.operations.monitoring.problem import Grade, Trouble
from workers.operations.monitoring.snapshot import Look, Server
from workers.runtime.liveness.worker_status import SILENCE

#: Share of its memory at which Redis is nearly full.
_FULL = 0.9


class Elsewhere(NamedTuple):
    """What the look at Redis does not tell."""

    database: str = ""  # why the event store does not answer; empty: it does
    database_since_ms: int = 0
    newly_dead: int = 0  # dead letters more than an hour ago
    refusals: tuple[Trouble, ...] = ()  # what the answers of the last hour show


def troubles(now: Look, elsewhere: Elsewhere, before: Mapping[str, int]) -> list[Trouble]:
    """All of them, the worst first. `before`: what was wrong at the look before, and since when."""
    found = [*_server(now.server), *_ingress(now), *elsewhere.refusals, *_workers(now), *_database(elsewhere)]
    found += of_lanes(now.lanes, now.last_errors, elsewhere.newly_dead)
    since = [trouble._replace(since_ms=trouble.since_ms or before.get(trouble.code, now.at_ms)) for trouble in found]
    # Of those that are as bad, letters that died are what the others lead to.
    return sorted(since, key=lambda trouble: (trouble.grade, trouble.code == "dead", trouble.since_ms))


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
