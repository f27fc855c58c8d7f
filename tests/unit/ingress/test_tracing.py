"""A webhook's span continues its sender's trace, and its context is in the receipt."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from ingress.app import create_app
from ingress.spool import codec
from ingress.spool.segments import SUFFIX
from ingress.tracing import TracingObserver
from shared.observability.tracing.propagation import context_of
from shared.observability.tracing.provider import Tracing
from shared.settings import Settings
from shared.wire.receipt import Receipt, unpack
from tests.support.ingress.asgi import Answer, call, pieces, whole
from tests.support.log import Log
from tests.support.tracing.fixtures import Named
from tests.support.tracing.reading import OTHER, RECORDED, UNRECORDED, failure, ids, links, own, parent, says

BODY = b'{"messages":{"id":"wamid.1","type":"text","from":"919800000001","text":{"body":"hello"}}}'


class Ingress:
    """The ingress with spans, on a Redis in memory."""

    def __init__(self, tracing: Tracing, folder: Path, **settings: Any) -> None:
        self.server = FakeServer()
        self.settings = Settings.load(redis_url="redis://unused", data_dir=folder, **settings)
        self._redis = FakeAsyncRedis(server=self.server)
        self.app = create_app(self.settings, self._redis, TracingObserver(tracing))

    async def ask(self, path: str = "/webhooks", body: bytes = BODY, **headers: str) -> Answer:
        """By ASGI."""
        answer = await call(self.app, "POST", path, whole(body), headers)
        assert answer is not None
        return answer

    async def take(self, headers: Mapping[str, str]) -> int:
        """Without a task, as `python -m ingress` does it; replies the status."""
        answered = asyncio.get_running_loop().create_future()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/webhooks",
            "scheme": "http",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 1),
        }
        assert self.app.handle_complete(scope, BODY, lambda status, _headers, _body: answered.set_result(status))
        status: int = await answered
        return status

    async def kept(self) -> list[Receipt]:
        """Every receipt in Redis."""
        entries: Any = await self._redis.xrange("sluice:lane:intake")
        return [unpack(fields[b"d"]) for _, fields in entries]

    def spooled(self) -> list[Receipt]:
        """Every receipt in the spool."""
        segments = sorted(self.settings.spool_dir.glob("*" + SUFFIX))
        return [unpack(record.receipt) for path in segments for record in codec.records(path.read_bytes())]


@pytest.fixture(params=["whole", "pieces"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def post(ingress: Ingress, way: str, **headers: str) -> int:
    if way == "whole":
        return await ingress.take(headers)
    answer = await call(ingress.app, "POST", "/webhooks", pieces(BODY[:9], BODY[9:]), headers)
    assert answer is not None
    return answer.status


def test_a_webhook_continues_the_trace_of_its_sender(tracing: Tracing, named: Named, tmp_path: Path, way: str) -> None:
    async def go() -> list[Receipt]:
        ingress = Ingress(tracing, tmp_path)
        assert await post(ingress, way, traceparent=RECORDED, tracestate="congo=1") == 200
        return await ingress.kept()

    [receipt] = asyncio.run(go())
    [span] = named("POST /webhooks")
    assert (parent(span), span.kind) == (ids(RECORDED), SpanKind.SERVER)
    assert (ids(receipt.trace), receipt.trace.split(" ")[1:]) == (own(span), ["congo=1"])
    assert says(span) == {
        "http.request.method": "POST",
        "http.route": "/webhooks",
        "url.path": "/webhooks",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "messaging.message.id": receipt.id,
        "messaging.destination.name": "intake",
        "messaging.message.body.size": len(BODY),
    }
    [push] = named("send intake")
    assert parent(push) == own(span)


@pytest.mark.parametrize("header", [None, "", "00-zz-01", "ff" + RECORDED[2:], "0" * 600])
def test_without_a_trace_of_its_sender_it_begins_one(
    tracing: Tracing, named: Named, tmp_path: Path, header: str | None
) -> None:
    headers = {} if header is None else {"traceparent": header}
    assert asyncio.run(Ingress(tracing, tmp_path).take(headers)) == 200
    [span] = named("POST /webhooks")
    assert parent(span) is None
    assert own(span)[0] != ids(RECORDED)[0]


@given(
    headers=st.dictionaries(
        st.sampled_from([b"traceparent", b"tracestate", b"baggage", b"host"]),
        st.sampled_from([RECORDED, "00-", "congo=1,", "=,=", "a=b;c=%ff"]).map(str.encode) | st.binary(max_size=80),
    )
)
def test_whatever_a_sender_writes_there_is_a_span(headers: dict[bytes, bytes]) -> None:
    span = Tracing(TracerProvider(shutdown_on_exit=False)).webhook("", False, list(headers.items()))
    assert context_of(span.trace) is not None
    assert len(span.trace) < 600


def test_what_its_sender_does_not_record_is_not_recorded_and_its_receipt_says_so(
    tracing: Tracing, named: Named, tmp_path: Path, way: str
) -> None:
    async def go() -> list[Receipt]:
        ingress = Ingress(tracing, tmp_path)
        assert await post(ingress, way, traceparent=UNRECORDED) == 200
        return await ingress.kept()

    [receipt] = asyncio.run(go())
    assert (ids(receipt.trace)[0], receipt.trace[-3:]) == (ids(UNRECORDED)[0], "-00")
    assert named() == []


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/webhooks/geheim", "/webhooks/{token}"),
        ("/webhooks/messages/geheim", "/webhooks/messages/{token}"),
        ("/webhooks/statuses/geheim/", "/webhooks/statuses/{token}"),
    ],
)
def test_the_token_is_in_no_span(tracing: Tracing, named: Named, tmp_path: Path, path: str, pattern: str) -> None:
    answer = asyncio.run(Ingress(tracing, tmp_path, webhook_token="geheim").ask(path))
    assert answer.status == 200
    assert [span.name for span in named()] == ["send intake", f"POST {pattern}"]
    assert [says(span)["url.path"] for span in named(f"POST {pattern}")] == [pattern]
    assert not [span for span in named() if "geheim" in span.to_json() or "919800000001" in span.to_json()]


def test_strangers_leave_no_trace(tracing: Tracing, named: Named, tmp_path: Path) -> None:
    async def go() -> list[int]:
        ingress = Ingress(tracing, tmp_path, webhook_token="geheim")
        asked = await ingress.ask(traceparent=RECORDED)
        return [asked.status, await ingress.take({"traceparent": RECORDED})]

    assert asyncio.run(go()) == [401, 401]
    assert named() == []


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[" * 2000, 413)])
def test_a_webhook_that_is_refused_is_no_fault_of_ours(
    tracing: Tracing, named: Named, tmp_path: Path, body: bytes, status: int
) -> None:
    answer = asyncio.run(Ingress(tracing, tmp_path, max_body_bytes=1024).ask(body=body))
    [span] = named()
    assert (answer.status, says(span)["http.response.status_code"], failure(span)) == (status, status, "")


def test_other_requests_have_no_span(tracing: Tracing, named: Named, tmp_path: Path) -> None:
    async def go() -> list[int]:
        app = Ingress(tracing, tmp_path).app
        answers = [await call(app, method, path, whole(b"")) for method, path in OTHERS]
        return [answer.status for answer in answers if answer]

    assert asyncio.run(go()) == [200, 405, 404, 404]
    assert named() == []


OTHERS = [("GET", "/health/live"), ("DELETE", "/webhooks"), ("POST", "/elsewhere"), ("GET", "/favicon.ico")]


def test_webhooks_that_are_pushed_together_have_a_span_in_common(
    tracing: Tracing, named: Named, tmp_path: Path
) -> None:
    async def go() -> None:
        ingress = Ingress(tracing, tmp_path)
        await asyncio.gather(*[ingress.take({"traceparent": header}) for header in (RECORDED, OTHER, UNRECORDED)])

    asyncio.run(go())
    [push] = named("send intake")
    webhooks = named("POST /webhooks")
    assert [parent(span) for span in webhooks] == [ids(RECORDED), ids(OTHER)]
    assert (parent(push), links(push)) == (None, [own(span) for span in webhooks])
    assert says(push)["messaging.batch.message_count"] == 3


def test_a_push_that_redis_does_not_take_has_failed_and_the_webhook_has_not(
    tracing: Tracing, named: Named, tmp_path: Path, log: Log
) -> None:
    async def go() -> list[Receipt]:
        ingress = Ingress(tracing, tmp_path)
        ingress.server.connected = False
        assert await ingress.take({"traceparent": RECORDED}) == 200
        return ingress.spooled()

    [receipt] = asyncio.run(go())
    [push], [webhook] = named("send intake"), named("POST /webhooks")
    assert (failure(push), failure(webhook)) == ("ServiceOverloaded", "")
    assert ids(receipt.trace) == own(webhook)  # it goes on from the spool
    assert log.take()


def test_a_webhook_that_nobody_can_keep_has_failed(tracing: Tracing, named: Named, tmp_path: Path, log: Log) -> None:
    async def go() -> int:
        ingress = Ingress(tracing, tmp_path / "file")
        (tmp_path / "file").write_text("")
        ingress.server.connected = False
        return await ingress.take({})

    assert asyncio.run(go()) == 503
    [span] = named("POST /webhooks")
    assert (says(span)["http.response.status_code"], failure(span)) == (503, "503")
    assert log.take()
