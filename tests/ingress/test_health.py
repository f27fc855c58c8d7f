"""Health: whether the process lives, and whether it can make webhooks durable."""

import pytest

from tests.ingress.application import Application
from tests.ingress.asgi import whole
from tests.ingress.log import Log

pytestmark = pytest.mark.anyio


async def test_health_is_200_where_redis_answers() -> None:
    ingress = Application()
    live, ready = await ingress.get("/health/live"), await ingress.get("/health/ready")

    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json) == (200, {"status": "ready"})


async def test_without_redis_the_process_is_live_and_not_ready(log: Log) -> None:
    ingress = Application()
    ingress.server.connected = False
    live, ready = await ingress.get("/health/live"), await ingress.get("/health/ready")

    assert live.status == 200
    assert ready.status == 503
    assert ready.error == ("unavailable", "Redis cannot be reached")
    assert ready.headers["retry-after"] == "5"
    assert [line.values for line in log.take()] == [{"reason": "Redis cannot be reached"}]


async def test_head_is_answered_like_get() -> None:
    answer = await Application().ask("HEAD", "/health/live", whole(b""))
    assert answer.status == 200


async def test_ready_is_so_again_once_redis_answers(log: Log) -> None:
    ingress = Application()
    ingress.server.connected = False
    assert (await ingress.get("/health/ready")).status == 503
    ingress.server.connected = True
    assert (await ingress.get("/health/ready")).status == 200
    assert len(log.take()) == 1
