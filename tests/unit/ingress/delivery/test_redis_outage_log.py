"""The log tells of a trouble once, however many webhooks it turns away, and once that it is over."""

from ingress.delivery.redis_writer import RECOVERY_SECONDS, RedisOutageLog
from tests.support.clock import Clock
from tests.support.log import Log


def test_a_trouble_is_told_once_and_its_end_once(log: Log) -> None:
    clock = Clock()
    trouble = RedisOutageLog(clock)
    for _ in range(1000):
        trouble.failed("Redis is full")
    assert [(line.level, line.values) for line in log.take()] == [("error", {"reason": "Redis is full"})]

    clock.now += RECOVERY_SECONDS
    for _ in range(1000):
        trouble.succeeded()
    assert [line.level for line in log.take()] == ["info"]


def test_what_fails_now_and_then_is_one_trouble(log: Log) -> None:
    # One lane is over its backlog, the others are not; or Redis is now just over its memory, now just under.
    clock = Clock()
    trouble = RedisOutageLog(clock)
    for _ in range(1000):
        clock.now += RECOVERY_SECONDS / 2
        trouble.failed("too many webhooks are waiting")
        trouble.succeeded()
    assert len(log.take()) == 1


def test_another_reason_is_told_too_and_each_only_once(log: Log) -> None:
    trouble = RedisOutageLog(Clock())
    for _ in range(10):
        trouble.failed("Redis cannot be reached")
        trouble.failed("Redis is loading its data")
    assert [line.values["reason"] for line in log.take()] == ["Redis cannot be reached", "Redis is loading its data"]


def test_the_next_trouble_is_told_again(log: Log) -> None:
    clock = Clock()
    trouble = RedisOutageLog(clock)
    for _ in range(3):
        trouble.failed("Redis is full")
        clock.now += RECOVERY_SECONDS
        trouble.succeeded()
    assert [line.level for line in log.take()] == ["error", "info"] * 3


def test_where_nothing_was_wrong_nothing_is_told() -> None:
    RedisOutageLog(Clock()).succeeded()
