"""The problems that the console reports, and since when."""

from typing import Any

import pytest

from tests.support.console.fixtures import add_dead_letter, entry
from workers.lanes import Lanes, Rescheduled
from workers.lanes.circuit_breaker import BreakerStatus
from workers.lanes.status import LaneStatus
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.operations.monitoring.problem import Severity
from workers.operations.monitoring.problems import ExternalState, find_problems, rejection_problems
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.snapshot import Snapshot, take_snapshot
from workers.operations.redis_info import RedisInfo
from workers.operations.thresholds import EVENT_LATE_SECONDS
from workers.runtime.liveness.worker_status import LISTENING, STALLED, WorkerReport, WorkerStatus

NOW = 1_800_000_000_000
GOOD = RedisInfo("Valkey", "9.1.2", "master", 1_000_000, 0, "noeviction", True, "always", True, 0, 0, 60)
LATE_MS = EVENT_LATE_SECONDS * 1000


def ingress(spool: str = "host:/spool", **about: Any) -> IngressProcess:
    return IngressProcess("a", SpoolState(spool, **about))


def lane(name: str = "text.greet", **about: Any) -> LaneStatus:
    plain: dict[str, Any] = {"queue": "messages", "waiting": 0, "in_flight": 0, "suspects": 0, "retries": 0, "dead": 0}
    plain |= {"oldest_ms": None, "next_retry_ms": None, "held": False, "counts": {}}
    return LaneStatus(lane=name, **(plain | about))


def worker(queues: tuple[str, ...] = ("messages",), age: float = 0.5, state: str = LISTENING) -> WorkerStatus:
    return WorkerStatus("w", age, WorkerReport("host", "celery@host", 1, "prefork", queues, state, 0.0, 0, 2))


def seen(*lanes: LaneStatus, **about: Any) -> Snapshot:
    found: dict[str, Any] = {"workers": [worker()], "ingresses": [ingress()], "responses": {}, "redis": GOOD}
    found["last_errors"] = {"text.greet": "ValueError: boom"}
    return Snapshot(at_ms=NOW, lanes=list(lanes), **(found | about))


def test_a_healthy_system_has_no_problems() -> None:
    busy = lane(waiting=5000, in_flight=10, oldest_ms=LATE_MS - 1, retries=3, next_retry_ms=-1000, counts={"done": 9})
    assert find_problems(seen(busy), ExternalState(), {}) == []


@pytest.mark.parametrize(
    ("look", "elsewhere", "code", "grade", "words"),
    [
        (seen(redis=GOOD._replace(appendonly=False)), {}, "aof", Severity.DATA_LOSS, "a restart loses what waits"),
        (
            seen(redis=GOOD._replace(aof_last_write_ok=False)),
            {},
            "aof-write",
            Severity.DATA_LOSS,
            "append-only file",
        ),
        (
            seen(redis=GOOD._replace(maxmemory_policy="allkeys-lru")),
            {},
            "eviction",
            Severity.DATA_LOSS,
            "(allkeys-lru)",
        ),
        (seen(redis=GOOD._replace(appendfsync="everysec")), {}, "fsync", Severity.NOTE, "loses the last acknowledged"),
        (
            seen(redis=GOOD._replace(used_memory=95, maxmemory=100)),
            {},
            "memory",
            Severity.STUCK,
            "95\u202fB of 100\u202fB",
        ),
        (
            seen(redis=GOOD._replace(used_memory=85, maxmemory=100)),
            {},
            "memory",
            Severity.LATE,
            "85\u202fB of 100\u202fB (85%)",
        ),
        (seen(ingresses=[]), {}, "ingress", Severity.DATA_LOSS, "webhooks are probably not received"),
        (seen(ingresses=[ingress(refusing="disk full")]), {}, "refusing", Severity.DATA_LOSS, "503"),
        (seen(ingresses=[ingress(bytes=7)]), {}, "spool", Severity.LATE, "7\u202fB of webhooks wait in the spool"),
        (seen(workers=[]), {}, "workers", Severity.STUCK, "No worker is alive"),
        (seen(workers=[worker(age=60)]), {}, "workers", Severity.STUCK, "No worker is alive"),
        (seen(workers=[worker(), worker(state=STALLED)]), {}, "worker w", Severity.NOTE, "it has received no messages"),
        (seen(lane(waiting=1, queue="own")), {}, "queue own", Severity.STUCK, "No worker consumes the queue own"),
        (seen(lane(paused=True, waiting=2)), {}, "paused text.greet", Severity.NOTE, "is paused; 2 events wait."),
        (
            seen(lane(retries=20, next_retry_ms=9000)),
            {},
            "retries text.greet",
            Severity.LATE,
            "s: ValueError: boom",
        ),
        (
            seen(lane(retries=20, next_retry_ms=-9000)),
            {},
            "retries text.greet",
            Severity.LATE,
            "the next one now",
        ),
        (seen(lane(retries=1, next_retry_ms=-60_000)), {}, "overdue text.greet", Severity.STUCK, "overdue by 60"),
        (seen(lane(oldest_ms=LATE_MS + 1, in_flight=1)), {}, "late", Severity.LATE, "the oldest in text.greet"),
        (seen(lane(dead=3)), {}, "dead-old", Severity.NOTE, "3 dead letters wait for a decision"),
        (seen(lane(dead=3)), {"new_dead_letters": 1}, "dead", Severity.STUCK, "1 new dead letter within the last hour"),
        (
            seen(lane(dead=3)),
            {"new_dead_letters": 1},
            "dead",
            Severity.STUCK,
            "Most are of text.greet: ValueError: boom",
        ),
        (seen(), {"database_error": "locked"}, "database", Severity.STUCK, "does not answer: locked"),
    ],
)
def test_each_problem_is_found(
    look: Snapshot, elsewhere: dict[str, Any], code: str, grade: Severity, words: str
) -> None:
    (found,) = find_problems(look, ExternalState(**elsewhere), {})
    assert (found.code, found.severity) == (code, grade)
    assert words in found.text
    assert found.advice


def test_a_problem_keeps_the_time_at_which_it_began() -> None:
    (found,) = find_problems(seen(workers=[]), ExternalState(), {"workers": NOW - 5000, "late": 1})
    assert found.since_ms == NOW - 5000
    (found,) = find_problems(seen(workers=[]), ExternalState(), {"late": 1})
    assert found.since_ms == NOW


def test_a_problem_that_knows_its_beginning_keeps_it() -> None:
    breaker = BreakerStatus(NOW - 90_000, 90.0, "boom", 3, 1.0)
    spooling = ingress(bytes=1, since_ms=NOW - 70_000)
    found = find_problems(seen(lane(breaker=breaker), ingresses=[spooling]), ExternalState(), {"spool": NOW})
    assert [trouble.since_ms for trouble in found] == [NOW - 90_000, NOW - 70_000]


def test_the_worst_comes_first() -> None:
    look = seen(lane(paused=True, dead=1), lane("a.b", oldest_ms=LATE_MS * 2), redis=GOOD._replace(appendonly=False))
    grades = [found.severity for found in find_problems(look, ExternalState(), {})]
    assert grades == sorted(grades)
    assert grades[0] == Severity.DATA_LOSS


def test_dead_letters_come_after_the_problem_that_caused_them() -> None:
    failing = lane(dead=3, breaker=BreakerStatus(NOW - 1000, 1.0, "boom", 3, 1.0))
    found = find_problems(seen(failing), ExternalState(new_dead_letters=3), {"dead": NOW - 90_000})
    assert [trouble.code for trouble in found] == ["breaker text.greet", "dead"]


def answered(seconds_ago: int, **codes: int) -> Sample:
    answers = {code.removeprefix("_"): count for code, count in codes.items()}
    return Sample(at=NOW - seconds_ago * 1000, span=2.0, responses=answers)


def test_webhooks_that_could_not_be_accepted_are_reported_for_an_hour() -> None:
    samples = [answered(3000, _200=5), answered(2000, _503=2), answered(1000, _503=1, _200=9), answered(2, _200=9)]
    (found,) = rejection_problems(samples, NOW)
    assert (found.code, found.severity, found.since_ms) == ("refused", Severity.DATA_LOSS, NOW - 2_000_000)
    assert "3 webhooks could not be accepted" in found.text


@pytest.mark.parametrize(
    ("samples", "reported"),
    [
        ([answered(20, _401=2), answered(10, _403=1)], True),
        ([answered(20, _401=2)], False),  # somebody tried an address
        ([answered(20, _401=50), answered(10, _200=1)], False),
        ([answered(900, _401=50), answered(10)], False),
        ([Sample(at=NOW, span=2.0)], False),  # the ingress does not tell
    ],
)
def test_a_wrong_secret_is_reported_if_all_webhooks_are_rejected(samples: list[Sample], reported: bool) -> None:
    assert [found.code for found in rejection_problems(samples, NOW)] == ["turned-away"] * reported


def test_a_paused_lane_is_neither_late_nor_overdue() -> None:
    look = seen(lane(paused=True, oldest_ms=LATE_MS * 2, retries=1, next_retry_ms=-LATE_MS))
    assert [found.code for found in find_problems(look, ExternalState(), {})] == ["paused text.greet"]


def test_the_lag_includes_the_spool() -> None:
    assert seen(lane(oldest_ms=5)).lag_ms == 5
    assert seen(lane(oldest_ms=5), ingresses=[ingress(since_ms=NOW - 9000)]).lag_ms == 9000


def test_a_spool_that_several_processes_share_is_shown_once_in_its_latest_state() -> None:
    older = ingress(bytes=9, segments=1, refusing="disk full")._replace(at_ms=NOW - 1000)
    newer = ingress(bytes=7, segments=1)._replace(at_ms=NOW)
    (spool,) = seen(ingresses=[newer, older]).spools
    assert (spool.bytes, spool.refusing) == (7, "disk full")
    assert len(seen(ingresses=[newer, ingress("host:/other")]).spools) == 2


def test_an_empty_spool_with_quarantined_segments_is_not_a_problem() -> None:
    said = {b"spooled": b"7", b"drained": b"7"}
    assert find_problems(seen(ingresses=[ingress()._replace(fields=said)]), ExternalState(), {}) == []
    assert find_problems(seen(ingresses=[ingress(bytes=5, torn_bytes=5)]), ExternalState(), {}) == []


def test_a_snapshot_contains_the_last_errors(lanes: Lanes) -> None:
    lanes.push("text.greet", [entry()])
    (taken,) = lanes.take("text.greet", "test", 1)
    lanes.settle("text.greet", [(taken.id, Rescheduled(60, "TimeoutError: the CRM"))])
    add_dead_letter(lanes, "text.store", entry(), "OSError: first")
    add_dead_letter(lanes, "text.store", entry(), "OSError: disk \udce4")
    assert take_snapshot(lanes.client).last_errors == {
        "text.greet": "TimeoutError: the CRM",
        "text.store": "OSError: disk \\udce4",
    }
