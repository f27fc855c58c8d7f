"""What workers say of themselves, in a real Redis."""

from collections.abc import Callable

import pytest
import redis

from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import (
    FULL,
    LISTENING,
    REPORTS_KEY,
    STALLED,
    STARTING,
    WORKERS_KEY,
    WorkerReport,
    WorkerStatusPublisher,
    worker_statuses,
)

PULSES = "sluice:queue:pulse.a"
SAYING = WorkerReport("here", "celery@here", 7, "prefork", ("intake", "messages"), LISTENING, 0.0, 1, 2)

Saying = Callable[..., WorkerStatusPublisher]


@pytest.fixture
def says(client: redis.Redis) -> Saying:
    """A worker of that name says something."""

    def say(name: str = "a", said: WorkerReport = SAYING, pulse: str = "") -> WorkerStatusPublisher:
        found = WorkerStatusPublisher(client, name, f"sluice:queue:pulse.{name}")
        found.publish(said, pulse)
        return found

    return say


def age(client: redis.Redis, name: str, seconds: float) -> None:
    """As if it had said so that long ago."""
    client.zincrby(WORKERS_KEY, -seconds * 1000, name)


def test_what_a_worker_says_can_be_read(says: Saying, client: redis.Redis) -> None:
    says()
    [found] = worker_statuses(client)
    assert (found.name, found.report, found.problem) == ("a", SAYING, "")
    assert 0 <= found.age < 5


def test_only_its_last_word_counts(says: Saying, client: redis.Redis) -> None:
    for state in (STARTING, LISTENING, FULL):
        says(said=WorkerReport("here", "celery@here", 7, "solo", (), state, 0.0, 0, 1))
    assert [found.report.state for found in worker_statuses(client)] == [FULL]


@pytest.mark.parametrize(
    ("state", "trouble"),
    [
        (LISTENING, ""),
        (FULL, ""),
        (STARTING, "it is starting"),
        (STALLED, "it has received no messages for 21 s although it has free slots"),
        (worker_status.ENDING, "it is ending"),
        (worker_status.STOPPING, "it is stopping"),
    ],
)
def test_its_trouble_is_reported_in_words(says: Saying, client: redis.Redis, state: str, trouble: str) -> None:
    says(said=WorkerReport("here", "celery@here", 7, "solo", (), state, 20.6, 0, 1))
    assert [found.problem for found in worker_statuses(client)] == [trouble]


def test_one_that_says_nothing_for_a_while_is_in_trouble_whatever_it_said(says: Saying, client: redis.Redis) -> None:
    says("a")
    says("b")
    age(client, "a", worker_status.REPORT_TIMEOUT - 2)
    age(client, "b", worker_status.REPORT_TIMEOUT + 2)
    silent = [found.problem for found in worker_statuses(client)]
    assert silent == ["", "no report from its main process for 12 s"]


def test_silent_ones_are_forgotten_after_some_minutes(says: Saying, client: redis.Redis) -> None:
    for name in ("a", "b", "c"):
        says(name)
    age(client, "a", 599)
    age(client, "b", 601)
    says("c")
    assert [found.name for found in worker_statuses(client)] == ["a", "c"]
    assert client.hlen(REPORTS_KEY) == 2


def test_one_that_leaves_is_forgotten_at_once_with_its_pulse(says: Saying, client: redis.Redis) -> None:
    says("b")
    leaving = says("a", pulse="?")
    leaving.withdraw()
    assert [found.name for found in worker_statuses(client)] == ["b"]
    assert client.exists(PULSES) == 0


def test_there_is_one_pulse_at_a_time_and_it_goes_with_its_worker(says: Saying, client: redis.Redis) -> None:
    for number in range(5):
        says(pulse=f"pulse {number}")
    assert client.lrange(PULSES, 0, -1) == [b"pulse 4"]
    assert 50_000 < client.pttl(PULSES) <= 60_000


def test_a_pulse_that_is_needed_no_more_is_taken_back(says: Saying, client: redis.Redis) -> None:
    says(pulse="?")
    says()
    assert client.exists(PULSES) == 0


def test_in_a_full_redis_all_of_this_goes_on(says: Saying, client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)
    says(pulse="?").withdraw()
    says("new", pulse="?")
    assert client.llen("sluice:queue:pulse.new") == 1
    assert [found.name for found in worker_statuses(client)] == ["new"]
