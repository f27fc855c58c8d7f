"""The log tells of a outage once, however many webhooks it turns away, and once that it is over."""

from ingress.delivery.redis_writer import RECOVERY_SECONDS, RedisOutageLog
from tests.support.clock import Clock
from tests.support.log import Log


def test_an_outage_is_logged_once_and_its_end_once(log: Log) -> None:
    clock = Clock()
    outage = RedisOutageLog(clock)
    for _ in range(1000):
        outage.failed("Redis is full")
    assert [(line.level, line.values) for line in log.take()] == [("error", {"reason": "Redis is full"})]

    clock.now += RECOVERY_SECONDS
    for _ in range(1000):
        outage.succeeded()
    assert [line.level for line in log.take()] == ["info"]


def test_intermittent_failures_are_one_outage(log: Log) -> None:
    # One lane is over its backlog, the others are not; or Redis is now just over its memory, now just under.
    clock = Clock()
    outage = RedisOutageLog(clock)
    for _ in range(1000):
        clock.now += RECOVERY_SECONDS / 2
        outage.failed("too many webhooks are waiting")
        outage.succeeded()
    assert len(log.take()) == 1


def test_another_reason_is_logged_too_and_each_only_once(log: Log) -> None:
    outage = RedisOutageLog(Clock())
    for _ in range(10):
        outage.failed("Redis cannot be reached")
        outage.failed("Redis is loading its data")
    assert [line.values["reason"] for line in log.take()] == ["Redis cannot be reached", "Redis is loading its data"]


def test_the_next_outage_is_logged_again(log: Log) -> None:
    clock = Clock()
    outage = RedisOutageLog(clock)
    for _ in range(3):
        outage.failed("Redis is full")
        clock.now += RECOVERY_SECONDS
        outage.succeeded()
    assert [line.level for line in log.take()] == ["error", "info"] * 3


def test_without_an_outage_nothing_is_logged() -> None:
    RedisOutageLog(Clock()).succeeded()
