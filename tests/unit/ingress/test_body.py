"""Bodies that are too large, too slow, or never come to an end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingress.auth import WebhookAuthenticator
from ingress.body import BodyReader
from ingress.delivery.group_commit import OnCommitted
from ingress.webhooks import WebhookEndpoint
from shared.errors import ServiceOverloaded
from tests.support.ingress.application import Application
from tests.support.ingress.asgi import call, pieces, whole

pytestmark = pytest.mark.anyio

_LIMIT = 1024
_TOO_LARGE = ("too_large", "the body is larger than 1024 bytes")
_SLOW = 0.05


async def _nothing_else(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("no webhook")


class _Impatient:
    """The endpoint alone, with a short time for a body."""

    def __init__(self) -> None:
        self.committed: list[bytes] = []
        self.app: ASGIApp = WebhookEndpoint(
            _nothing_else, self, WebhookAuthenticator([], None), max_body_bytes=_LIMIT, body_timeout=_SLOW
        )

    async def commit(self, _lane: str, receipt: bytes) -> None:
        self.committed.append(receipt)

    def submit(self, _lane: str, _receipt: bytes, _on_committed: OnCommitted) -> None:
        raise AssertionError("not by ASGI")


def _text(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


async def test_a_body_of_the_limit_is_taken_in_one_piece_and_in_many() -> None:
    ingress = Application(max_body_bytes=_LIMIT)
    body = _text(_LIMIT)

    assert (await ingress.post(body, headers={"content-length": str(_LIMIT)})).status == 200
    answer = await ingress.ask("POST", "/webhooks", pieces(b"", body[:1], body[1:500], b"", body[500:], b""))
    assert answer.status == 200
    assert [receipt.body for _, receipt in await ingress.kept()] == [body, body]


async def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    ingress = Application(max_body_bytes=_LIMIT)
    answer = await ingress.ask("POST", "/webhooks", [], {"content-length": str(_LIMIT + 1)})

    assert answer.status == 413
    assert answer.error == _TOO_LARGE
    assert answer.received == 0
    assert answer.headers["connection"] == "close"


async def test_a_body_that_does_not_state_its_size_is_counted_and_its_rest_is_not_read() -> None:
    ingress = Application(max_body_bytes=_LIMIT)
    answer = await ingress.ask("POST", "/webhooks", pieces(*[b"x" * 500] * 100))

    assert answer.status == 413
    assert answer.error == _TOO_LARGE
    assert answer.received == 3
    assert answer.headers["connection"] == "close"
    assert await ingress.kept() == []


@pytest.mark.parametrize("stated", ["10", "-1", "many", ""])
async def test_a_size_that_is_stated_wrong_does_not_get_a_body_past_the_limit(stated: str) -> None:
    ingress = Application(max_body_bytes=_LIMIT)
    answer = await ingress.post(_text(_LIMIT + 1), headers={"content-length": stated})

    assert answer.status == 413
    assert answer.error == _TOO_LARGE


async def test_a_body_that_does_not_come_is_answered_in_time() -> None:
    async def begins() -> AsyncIterator[Message]:
        yield {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.Event().wait()

    ingress = _Impatient()
    answer = await call(ingress.app, "POST", "/webhooks", begins())

    assert answer is not None
    assert answer.status == 408
    assert answer.error == ("too_slow", "the body did not arrive within 0.05 s")
    assert answer.headers["connection"] == "close"
    assert ingress.committed == []


async def test_a_body_that_trickles_is_cut_off_too() -> None:
    async def trickle() -> AsyncIterator[Message]:
        while True:
            yield {"type": "http.request", "body": b" ", "more_body": True}
            await asyncio.sleep(_SLOW / 5)

    answer = await call(_Impatient().app, "POST", "/webhooks", trickle())

    assert answer is not None
    assert answer.status == 408
    assert answer.received < 20


async def test_the_time_for_a_body_does_not_run_while_it_is_made_durable() -> None:
    class Patient(_Impatient):
        async def _commit(self, _lane: str, receipt: bytes) -> None:
            await asyncio.sleep(_SLOW * 3)
            self.committed.append(receipt)

    ingress = Patient()
    answer = await call(ingress.app, "POST", "/webhooks", whole(b"{}"))

    assert answer is not None
    assert answer.status == 200
    assert len(ingress.committed) == 1


@pytest.mark.parametrize("before", [[], pieces(b'{"a":', b"1")[:1]])
async def test_a_client_that_goes_away_gets_no_answer_and_nothing_is_kept(before: list[Message]) -> None:
    ingress = Application()

    assert await call(ingress.asgi, "POST", "/webhooks", [*before, {"type": "http.disconnect"}]) is None
    assert await ingress.kept() == []


async def test_a_message_without_a_body_is_an_empty_piece() -> None:
    # The ASGI specification lets servers leave out `body` and `more_body`.
    answer = await Application().ask("POST", "/webhooks", [{"type": "http.request"}])

    assert answer.status == 400
    parts: list[Message] = [{"type": "http.request", "more_body": True}, {"type": "http.request", "body": b"{}"}]
    assert (await Application().ask("POST", "/webhooks", parts)).status == 200


async def _half_way(app: BodyReader) -> "asyncio.Task[bytes]":
    """A body of the limit, all of it but its end."""
    arrived = asyncio.Event()

    async def receive() -> Message:
        if not arrived.is_set():
            arrived.set()
            return {"type": "http.request", "body": b"x" * (_LIMIT - 1), "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(app.read({"headers": []}, receive))
    await arrived.wait()
    return task


async def test_however_many_stop_half_way_only_so_much_of_them_is_buffered() -> None:
    bodies = BodyReader(_LIMIT, 10.0, max_buffered=5 * _LIMIT)
    waiting = [await _half_way(bodies) for _ in range(5)]

    with pytest.raises(ServiceOverloaded, match="too many large webhooks are arriving at the same time"):
        await (await _half_way(bodies))
    whole_one = asyncio.create_task(bodies.read({"headers": []}, _received(whole(b"{}"))))
    assert await whole_one == b"{}"  # has nothing to wait for, and is taken

    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    another = await _half_way(bodies)
    await asyncio.sleep(0)
    assert not another.done()
    for task in (*waiting, another):
        task.cancel()
    await asyncio.wait([*waiting, another])
    assert bodies.buffered_bytes == 0


def _received(messages: list[Message]) -> Receive:
    source = iter(messages)

    async def receive() -> Message:
        return next(source)

    return receive


async def test_two_of_the_largest_always_fit() -> None:
    bodies = BodyReader(_LIMIT, 10.0, max_buffered=10)
    parts = pieces(b"x" * 500, b"x" * 500)
    assert await bodies.read({"headers": []}, _received(parts)) == b"x" * 1000
