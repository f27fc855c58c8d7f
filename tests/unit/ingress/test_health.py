"""Health: whether the process lives, and whether it can make webhooks durable."""

import pytest

from tests.support.ingress.application import Application
from tests.support.ingress.asgi import whole
from tests.support.log import Log

pytestmark = pytest.mark.anyio


async def test_health_is_200_where_redis_answers() -> None:
    ingress = Application()
    live, ready = await ingress.get("/health/live"), await ingress.get("/health/ready")

    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json) == (200, {"status": "ready"})


async def test_without_redis_the_process_is_ready_since_the_spool_takes_webhooks(log: Log) -> None:
    ingress = Application()
    ingress.server.connected = False
    ready = await ingress.get("/health/ready")

    assert ready.status == 200
    assert ready.json == {"status": "ready", "redis": "Redis cannot be reached; webhooks go to the spool"}
    assert [line.values for line in log.take()] == [{"reason": "Redis cannot be reached"}]


async def test_with_neither_redis_nor_spool_the_process_is_live_and_not_ready(log: Log) -> None:
    ingress = Application()
    ingress.block_spool()
    ingress.server.connected = False
    assert (await ingress.post(b"{}")).status == 503
    live, ready = await ingress.get("/health/live"), await ingress.get("/health/ready")

    assert live.status == 200
    assert ready.status == 503
    code, message = ready.error
    assert code == "unavailable"
    assert message.startswith("Redis cannot be reached, and the spool refuses webhooks: ")
    assert ready.headers["retry-after"] == "5"
    assert len(log.take()) == 2


async def test_head_is_answered_like_get() -> None:
    answer = await Application().ask("HEAD", "/health/live", whole(b""))
    assert answer.status == 200


async def test_ready_is_so_again_once_redis_answers(log: Log) -> None:
    ingress = Application()
    ingress.block_spool()
    ingress.server.connected = False
    await ingress.post(b"{}")
    assert (await ingress.get("/health/ready")).status == 503
    ingress.server.connected = True
    assert (await ingress.get("/health/ready")).status == 200
    assert len(log.take()) == 2
