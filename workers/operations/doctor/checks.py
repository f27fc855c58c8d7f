"""What the facts mean: a list of checks, each well or not, and what to do. Pure."""

from collections.abc import Iterator

from workers.operations.doctor.facts import (
    AuthFacts,
    Check,
    DatabaseFacts,
    DiskFacts,
    Facts,
    HandlerFacts,
    MediaFacts,
    ProbeFailed,
    WorkersFacts,
    size,
)
from workers.operations.doctor.redis_checks import redis_checks

_SLOW_DATABASE_MS = 100.0  # milliseconds
_UNAUTHORIZED = frozenset({401, 403})


def run_checks(facts: Facts) -> list[Check]:
    """All of them, in the order in which to mend them."""
    return [
        *redis_checks(facts.redis, facts.min_replicas),
        *_database(facts.database),
        _auth(facts.auth),
        *_disk(facts.disk),
        *_workers(facts.workers),
        *_handlers(facts.handlers),
        *_media(facts.media),
    ]


def _database(facts: DatabaseFacts | ProbeFailed | None) -> Iterator[Check]:
    if facts is None:
        yield Check("database", True, "switched off by SLUICE_DATABASE_URL=none")
        return
    if isinstance(facts, ProbeFailed):
        yield Check(
            "database", False, facts.reason, "start it, or correct SLUICE_DATABASE_URL; events wait in their lanes"
        )
        return
    slow = facts.latency_ms > _SLOW_DATABASE_MS
    seen = f"{facts.kind} answers in {facts.latency_ms:.1f} ms"
    yield Check("database", not slow, seen, "put it nearer, or look what keeps it busy" if slow else "")
    tables, indexes = ", ".join(facts.missing_tables), ", ".join(facts.missing_indexes)
    if tables:
        yield Check(
            "database schema", False, f"missing: {tables}", "start a worker: it makes its tables at its first event"
        )
    elif indexes:
        yield Check("database schema", True, f"indexes are missing: {indexes}", "workers add them as they start")
    else:
        yield Check("database schema", True, "all tables and indexes are there")


def _auth(facts: AuthFacts) -> Check:
    if facts.has_secret:
        return Check("webhook secret", True, "is set")
    if facts.is_loopback:
        return Check("webhook secret", True, f"none, but only this machine reaches {facts.host}")
    advice = "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET: the ingress refuses to start without"
    return Check("webhook secret", False, f"none, and others reach {facts.host}", advice)


def _disk(facts: DiskFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("disk", False, facts.reason, "set SLUICE_DATA_DIR to a folder on a local disk")
        return
    if not facts.writable:
        yield Check("disk", False, f"{facts.folder} cannot be written", "give it to the user that Sluice runs as")
        return
    room = facts.spool_limit_bytes - facts.spool_bytes
    seen = f"{size(facts.free_bytes)} free in {facts.folder}; the spool may take {size(max(room, 0))} more"
    well = facts.free_bytes > room
    yield Check("disk", well, seen, "" if well else "make room, or lower SLUICE_SPOOL_BYTES")
    if facts.spool_bytes:
        advice = "the ingress moves them to Redis as soon as that takes them; see that it runs"
        yield Check("spool", True, f"{size(facts.spool_bytes)} of webhooks wait in it", advice)


def _workers(facts: WorkersFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("workers", False, facts.reason, "start Redis first")
        return
    well = [worker for worker in facts.workers if not worker.problem]
    running = {worker.node for worker in well}
    for worker in facts.workers:
        if worker.problem and not (worker.is_silent and worker.node in running):  # else it was started again
            yield Check("worker", False, f"{worker.name}: {worker.problem}", "see that it is restarted, and at its log")
    seen = f"{len(well)} of {len(facts.workers)} take messages; processes: {facts.processes}"
    yield Check("workers", bool(well), seen, "" if well else "start one: celery -A workers worker")
    consumed = {queue for worker in well for queue in worker.queues}
    waiting: dict[str, int] = {}
    for lane in facts.lanes:
        if lane.queue and lane.queue not in consumed:
            waiting[lane.queue] = waiting.get(lane.queue, 0) + lane.waiting
    for queue, count in sorted(waiting.items()):
        seen = f"nobody consumes {queue}, where {count} entries wait"
        yield Check("queues", False, seen, f"start a worker with -Q {queue}")
    if well and not waiting:
        yield Check("queues", True, f"all of {len(facts.lanes)} lanes are consumed")


def _handlers(facts: HandlerFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("handlers", False, facts.reason, "importing a handler module must not wait for anything")
        return
    for module, why in facts.broken:
        yield Check(
            "handlers", False, f"{module}: {why}", "correct the module, or SLUICE_HANDLERS (is it on PYTHONPATH?)"
        )
    if not facts.broken:
        named = ", ".join(facts.modules)
        yield Check("handlers", True, f"{named} can be imported" if named else "none beside the built-in ones")


def _media(facts: MediaFacts | ProbeFailed | None) -> Iterator[Check]:
    if facts is None:
        yield Check("media api", True, "not set: no metadata is fetched")
    elif isinstance(facts, ProbeFailed):
        yield Check("media api", False, facts.reason, "correct SLUICE_MEDIA_URL, or see whether it is down")
    elif facts.status in _UNAUTHORIZED:
        yield Check("media api", False, f"answers {facts.status}: it refuses the credential", "renew SLUICE_MEDIA_AUTH")
    else:
        well = facts.status < 500
        seen = f"answers {facts.status} to an id that does not exist"
        yield Check("media api", well, seen, "" if well else "it is failing; media wait up to ten minutes")
