"""Every way in which Redis can fail to take a webhook, as the sender and the log hear of it."""

import asyncio
from typing import Any

import pytest
import redis
import redis.asyncio

from ingress.delivery.redis_writer import IntakeWriter
from shared.errors import ServiceOverloaded
from shared.redis.connection import connect_async
from tests.support.ingress.application import Application
from tests.support.ingress.resp import refusing
from tests.support.log import Log

pytestmark = pytest.mark.anyio


async def _refusal(
    client: redis.asyncio.Redis, lane: str = "intake", max_backlog: int = 0, min_replicas: int = 0
) -> str:
    """The reason that a push is refused for."""
    push = IntakeWriter(client, max_backlog=max_backlog, min_replicas=min_replicas)
    with pytest.raises(ServiceOverloaded) as raised:
        await push.push(lane, [b"one", b"two"])
    assert (raised.value.status, raised.value.code, raised.value.retry_after) == (503, "unavailable", 5)
    return raised.value.message


def _logged(log: Log) -> list[tuple[str, Any]]:
    return [(line.level, line.values.get("reason")) for line in log.take()]


async def test_without_redis_the_answer_is_200_from_the_spool(log: Log) -> None:
    ingress = Application()
    ingress.server.connected = False
    answers = [await ingress.post(b'{"n": %d}' % number) for number in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert [body for _, body in ingress.spooled()] == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}']
    assert _logged(log) == [
        ("error", "Redis cannot be reached"),
        ("warning", "Redis cannot be reached"),
    ]


async def test_where_the_spool_does_not_take_it_either_the_answer_is_503_and_when_to_come_again(log: Log) -> None:
    ingress = Application()
    ingress.block_spool()
    ingress.server.connected = False
    answer = await ingress.post(b"{}")

    assert answer.status == 503
    code, message = answer.error
    assert code == "unavailable"
    assert message.startswith("the webhook cannot be made durable now: Redis is unavailable, and so is the spool: ")
    assert answer.headers["retry-after"] == "5"
    assert [level for level, _ in _logged(log)] == ["error", "error"]


async def test_over_the_backlog_webhooks_of_that_lane_go_to_the_spool(log: Log) -> None:
    ingress = Application(max_backlog=2)
    messages, statuses = b'{"messages": 1}', b'{"statuses": 1}'
    answers = [await ingress.post(body) for body in (messages, messages, messages, statuses)]

    assert [answer.status for answer in answers] == [200] * 4
    assert [(lane, body) for lane, body in ingress.spooled()] == [("intake", messages)]
    assert len(await ingress.kept()) == 3
    assert _logged(log) == [("error", "too many webhooks are waiting"), ("warning", "too many webhooks are waiting")]


async def test_a_group_that_would_exceed_the_backlog_is_refused_whole(
    client: redis.Redis, redis_url: str, log: Log
) -> None:
    async with connect_async(redis_url) as connected:
        assert await _refusal(connected, max_backlog=1) == "too many webhooks are waiting"
    assert client.xlen("sluice:lane:intake") == 0
    log.take()


@pytest.mark.parametrize(
    ("setting", "value", "usual", "reason"),
    [
        ("maxmemory", "1", "0", "Redis is full"),
        ("min-replicas-to-write", "1", "0", "Redis has too few replicas to write"),
    ],
)
async def test_a_real_server_that_refuses_is_distinguished_from_one_that_is_gone(
    client: redis.Redis, redis_url: str, log: Log, setting: str, value: str, usual: str, reason: str
) -> None:
    async with connect_async(redis_url) as connected:
        client.config_set(setting, value)
        try:
            assert await _refusal(connected) == reason
        finally:
            client.config_set(setting, usual)
        assert [line.values for line in log.take()] == [{"reason": reason}]
        assert client.xlen("sluice:lane:intake") == 0
        await IntakeWriter(connected).push("intake", [b"one"])
    assert client.xlen("sluice:lane:intake") == 1


async def test_a_replica_is_distinguished_too(client: redis.Redis, redis_url: str, log: Log) -> None:
    async with connect_async(redis_url) as connected:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        try:
            assert await _refusal(connected) == "Redis is read-only"
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    log.take()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "Redis is loading its data"),
        (
            b"-MISCONF Redis is configured to save RDB snapshots, but it is unable to\r\n",
            "Redis cannot write its files",
        ),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "Redis is full"),
        (b"-READONLY You can't write against a read only replica.\r\n", "Redis is read-only"),
        (b"-NOAUTH Authentication required.\r\n", "Redis rejects the password"),
        (b"-WRONGPASS invalid username-password pair or user is disabled.\r\n", "Redis rejects the password"),
        (b"-NOPERM this user has no permissions\r\n", "Redis does not permit this user to write"),
        (b"-BUSY Redis is busy running a script.\r\n", "Redis refuses to write"),
        (b"-ERR something new from 10.0.0.1:6379\r\n", "Redis refuses to write"),
        (b"", "Redis cannot be reached"),
        (b"$1\r\n", "Redis cannot be reached"),  # and nothing more: no answer in time
        (b"no RESP\r\n", "Redis cannot be reached"),
    ],
)
@pytest.mark.parametrize("min_replicas", [0, 1])
async def test_each_reason_is_given_in_an_operator_s_words(
    reply: bytes, reason: str, min_replicas: int, log: Log
) -> None:
    async with refusing({"EVALSHA": reply, "WAIT": reply or b":1\r\n", "SCRIPT": reply}) as connected:
        assert await _refusal(connected, min_replicas=min_replicas) == reason
    assert [line.values for line in log.take()] == [{"reason": reason}]


async def test_a_wait_that_fails_is_no_success(log: Log) -> None:
    async with refusing({"EVALSHA": b":2\r\n", "WAIT": b"-NOPERM no WAIT for you\r\n"}) as connected:
        assert await _refusal(connected, min_replicas=1) == "Redis does not permit this user to write"
    log.take()


@pytest.mark.parametrize(("replicas", "asked"), [(0, 1), (1, 2)])
async def test_fewer_replicas_than_asked_for_are_no_success(replicas: int, asked: int, log: Log) -> None:
    async with refusing({"EVALSHA": b":2\r\n", "WAIT": b":%d\r\n" % replicas}) as connected:
        assert await _refusal(connected, min_replicas=asked) == "too few replicas have received the webhooks"
    assert [line.values for line in log.take()] == [{"reason": "too few replicas have received the webhooks"}]


async def test_as_many_replicas_as_asked_for_are_enough() -> None:
    async with refusing({"EVALSHA": b":2\r\n", "WAIT": b":2\r\n"}) as connected:
        await IntakeWriter(connected, min_replicas=2).push("intake", [b"one", b"two"])


async def test_a_server_that_has_forgotten_the_script_is_given_it_again(client: redis.Redis, redis_url: str) -> None:
    async with connect_async(redis_url) as connected:
        push = IntakeWriter(connected)
        for _ in range(2):
            client.script_flush()
            await push.push("intake", [b"x"])
    assert client.xlen("sluice:lane:intake") == 2


async def test_so_is_one_whose_replicas_are_waited_for(client: redis.Redis, redis_url: str, log: Log) -> None:
    client.script_flush()
    async with connect_async(redis_url) as connected:
        assert await _refusal(connected, min_replicas=1) == "too few replicas have received the webhooks"  # it has none
    assert client.xlen("sluice:lane:intake") == 2
    log.take()


async def test_no_answer_in_time_is_no_success(log: Log) -> None:
    began = asyncio.get_running_loop().time()
    async with refusing({"EVALSHA": b"$5\r\nab"}) as connected:
        assert await _refusal(connected) == "Redis cannot be reached"
    assert asyncio.get_running_loop().time() - began < 3
    log.take()


async def test_a_fault_of_ours_is_answered_500_and_logged(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("a secret 919812345678")

    monkeypatch.setattr("ingress.webhooks.lane_of", broken)
    answer = await Application().post(b"{}")

    assert answer.status == 500
    assert answer.error == ("internal", "internal server error; it was logged")
    assert [line.level for line in log.take()] == ["exception"]


async def test_after_a_push_that_fails_as_nobody_thought_of_the_spool_has_them(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(IntakeWriter, "push", broken)
    ingress = Application()
    answers = await asyncio.gather(*[ingress.post(b"{}") for _ in range(5)])

    assert {answer.status for answer in answers} == {200}
    assert len(ingress.spooled()) == 5
    assert [line.level for line in log.take()] == ["error", "warning"]
