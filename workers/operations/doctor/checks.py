"""Judge the facts: a list of checks, each ok or not, and what to do. Pure."""

from collections import Counter
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
    format_size,
)
from workers.operations.doctor.redis_checks import redis_checks
from workers.operations.hidden_packages import ADVICE, describe_hidden
from workers.operations.thresholds import DATABASE_SLOW_MS

_UNAUTHORIZED = frozenset({401, 403})


def run_checks(facts: Facts) -> list[Check]:
    """Return all checks, in the order in which to fix them."""
    return [
        *redis_checks(facts.redis, facts.min_replicas),
        *_database(facts.database),
        _auth(facts.auth),
        *_disk(facts.disk),
        *_workers(facts.workers),
        *_handlers(facts.handlers),
        _media(facts.media),
    ]


def _database(facts: DatabaseFacts | ProbeFailed | None) -> Iterator[Check]:
    if facts is None:
        yield Check("database", True, "switched off by SLUICE_DATABASE_URL=none")
        return
    if isinstance(facts, ProbeFailed):
        advice = "start it, or correct SLUICE_DATABASE_URL; until then events wait in their lanes"
        yield Check("database", False, facts.reason, advice)
        return
    ok = facts.latency_ms <= DATABASE_SLOW_MS
    message = f"{facts.kind} answers in {facts.latency_ms:.1f} ms"
    yield Check("database", ok, message, "" if ok else "move it closer, or find out what keeps it busy")
    if facts.missing_tables:
        message = f"missing tables: {', '.join(facts.missing_tables)}"
        yield Check("database schema", False, message, "start a worker: it creates the tables at its first event")
    elif facts.missing_indexes:
        message = f"missing indexes: {', '.join(facts.missing_indexes)}"
        yield Check("database schema", True, message, "restart the workers: they create the indexes when they start")
    else:
        yield Check("database schema", True, "all tables and indexes exist")


def _auth(facts: AuthFacts) -> Check:
    if facts.has_secret:
        return Check("webhook secret", True, "set")
    if facts.is_loopback:
        return Check("webhook secret", True, f"not set, but only this machine can reach {facts.host}")
    advice = "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET: the ingress refuses to start without one"
    return Check("webhook secret", False, f"not set, and other machines can reach {facts.host}", advice)


def _disk(facts: DiskFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("disk", False, facts.reason, "set SLUICE_DATA_DIR to a folder on a local disk")
        return
    if not facts.writable:
        advice = "give the folder to the user that Sluice runs as"
        yield Check("disk", False, f"{facts.folder} cannot be written", advice)
        return
    needed = facts.spool_limit_bytes - facts.spool_bytes
    ok = facts.free_bytes > needed
    free = f"{format_size(facts.free_bytes)} free in {facts.folder}"
    message = f"{free}; the spool may take {format_size(max(needed, 0))} more"
    yield Check("disk", ok, message, "" if ok else "free some space, or lower SLUICE_SPOOL_BYTES")
    if facts.spool_bytes:
        message = f"{format_size(facts.spool_bytes)} of webhooks wait in it"
        yield Check("spool", True, message, "keep the ingress running: it moves them once Redis accepts them")


def _workers(facts: WorkersFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("workers", False, facts.reason, "start Redis first")
        return
    healthy = [worker for worker in facts.workers if not worker.problem]
    running_nodes = {worker.node for worker in healthy}
    for worker in facts.workers:
        was_restarted = worker.is_silent and worker.node in running_nodes
        if worker.problem and not was_restarted:
            yield Check("worker", False, f"{worker.name}: {worker.problem}", "read its log, and restart it")
    message = f"{len(healthy)} of {len(facts.workers)} take messages; processes: {facts.processes}"
    yield Check("workers", bool(healthy), message, "" if healthy else "start one: celery -A workers worker")
    yield from _queues(facts, {queue for worker in healthy for queue in worker.queues})


def _queues(facts: WorkersFacts, consumed: set[str]) -> Iterator[Check]:
    unconsumed = Counter[str]()
    for lane in facts.lanes:
        if lane.queue and lane.queue not in consumed:
            unconsumed[lane.queue] += lane.waiting
    for queue, waiting in sorted(unconsumed.items()):
        message = f"no worker consumes {queue}; {waiting} entries wait for it"
        yield Check("queues", False, message, f"start a worker with -Q {queue}")
    if consumed and not unconsumed:
        yield Check("queues", True, f"all of {len(facts.lanes)} lanes are consumed")


def _handlers(facts: HandlerFacts | ProbeFailed) -> Iterator[Check]:
    if isinstance(facts, ProbeFailed):
        yield Check("handlers", False, facts.reason, "a handler module must not wait for anything when it is imported")
        return
    for module, reason in facts.broken:
        advice = "fix the module, or correct SLUICE_HANDLERS (is the module on PYTHONPATH?)"
        yield Check("handlers", False, f"{module}: {reason}", advice)
    if not facts.broken:
        modules = ", ".join(facts.modules)
        yield Check("handlers", True, f"{modules} can be imported" if modules else "only the built-in ones")
    if facts.hidden_packages:
        yield Check("package names", True, describe_hidden(facts.hidden_packages), ADVICE)


def _media(facts: MediaFacts | ProbeFailed | None) -> Check:
    if facts is None:
        return Check("media api", True, "not set: no media metadata is fetched")
    if isinstance(facts, ProbeFailed):
        return Check("media api", False, facts.reason, "correct SLUICE_MEDIA_URL, or check whether the API is down")
    if facts.status in _UNAUTHORIZED:
        message = f"answers {facts.status}: it refuses the credential"
        return Check("media api", False, message, "renew SLUICE_MEDIA_AUTH")
    ok = facts.status < 500
    message = f"answers {facts.status} for an id that does not exist"
    return Check("media api", ok, message, "" if ok else "it is failing; media wait up to ten minutes")
