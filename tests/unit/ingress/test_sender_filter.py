"""Which networks may send."""

from collections.abc import Sequence
from typing import Any

import pytest

from ingress.log_throttle import LogThrottle
from ingress.sender_filter import SenderNetworkFilter
from ingress.webhooks import WebhookEndpoint
from shared.errors import RequestRejected
from shared.networks import networks
from tests.support.ingress.application import Application
from tests.support.ingress.asgi import Answer, whole
from tests.support.log import Line, Log

_PROXIES = networks("10.0.0.0/8, 127.0.0.1, fd00::/8")
_FORBIDDEN = ("forbidden", "webhooks from this network are not accepted")


def _scope(peer: str | None, *forwarded: bytes, path: str = "/webhooks") -> dict[str, Any]:
    headers = [(b"host", b"x"), *[(b"x-forwarded-for", value) for value in forwarded]]
    return {"type": "http", "path": path, "client": None if peer is None else (peer, 1), "headers": headers}


def _refuses(senders: SenderNetworkFilter, peer: str | None, *forwarded: bytes) -> bool:
    try:
        senders.check(_scope(peer, *forwarded))
    except RequestRejected:
        return True
    return False


def _quiet() -> LogThrottle:
    return LogThrottle(clock=lambda: -1.0)


def test_several_headers_are_one_list_in_their_order() -> None:
    senders = SenderNetworkFilter(networks("203.0.113.0/24"), _PROXIES, _quiet())

    assert not _refuses(senders, "10.0.0.1", b"198.51.100.1", b"203.0.113.9", b"10.0.0.2")
    assert _refuses(senders, "10.0.0.1", b"203.0.113.9", b"198.51.100.1", b"10.0.0.2")
    # The client's own line, and the one that the proxy added, with a port.
    assert not _refuses(senders, "10.0.0.1", b"1.2.3.4", b"203.0.113.9:4711")
    assert _refuses(senders, "10.0.0.1", b"203.0.113.9", b"1.2.3.4:4711")


@pytest.mark.parametrize(
    ("peer", "forwarded", "refused"),
    [
        ("203.0.113.0", (), False),
        ("203.0.113.255", (), False),
        ("203.0.114.0", (), True),
        ("::ffff:203.0.113.9", (), False),
        ("2001:db8:1::1", (), False),
        ("2001:db9::1", (), True),
        ("10.0.0.1", (b"203.0.113.9",), False),
        ("10.0.0.1", (b"198.51.100.1",), True),
        ("10.0.0.1", (), True),  # the proxy itself may not send
        ("198.51.100.1", (b"203.0.113.9",), True),
        ("10.0.0.1", (b"203.0.113.9, x",), True),
        (None, (b"203.0.113.9",), False),
        (None, (), True),
    ],
)
def test_who_may_send(peer: str | None, forwarded: tuple[bytes, ...], refused: bool) -> None:
    senders = SenderNetworkFilter(networks("203.0.113.0/24, 2001:db8::/32"), _PROXIES, _quiet())

    assert [_refuses(senders, peer, *forwarded) for _ in range(2)] == [refused, refused]  # decided, and remembered


def test_decisions_are_remembered_in_little_memory() -> None:
    senders = SenderNetworkFilter(networks("203.0.113.0/24"), _PROXIES, _quiet())
    for number in range(10_000):
        assert _refuses(senders, "10.0.0.1", b"198.51.%d.%d" % (number >> 8, number & 255))
    for number in range(100):
        assert _refuses(senders, "10.0.0.1", b"%d," % number * 5000 + b"198.51.100.1")

    remembered = senders.decisions
    assert 0 < len(remembered) <= 4096
    assert max(len(forwarded) for _, forwarded in remembered) <= 256


def test_a_minute_has_one_line_which_says_how_many_there_were(log: Log) -> None:
    now = [0.0]
    senders = SenderNetworkFilter(networks("203.0.113.0/24"), _PROXIES, LogThrottle(clock=lambda: now[0]))
    for second in range(0, 121, 20):
        now[0] = second
        assert _refuses(senders, "198.51.100.77")

    event = "rejected webhooks from outside SLUICE_SENDER_NETWORKS"
    assert log.take() == [
        Line("warning", event, {"sender": "198.51.100.0/24", "rejected": times}) for times in (1, 3, 3)
    ]


@pytest.mark.parametrize(
    ("peer", "forwarded", "shown"),
    [
        ("2001:db8:1:2:3::4", b"", "2001:db8:1:2::/64"),
        ("10.0.0.1", b"198.51.100.77:80", "198.51.100.0/24"),
        ("10.0.0.1", b"x\n2026-01-01 \x1b[31mforged, 198.51.100.7", "198.51.100.0/24"),
        ("10.0.0.1", b"198.51.100.7\n2026-01-01 \x1b[31mforged", "X-Forwarded-For contains an invalid address"),
        ("10.0.0.1", b"fe80::1%\n2026-01-01 forged", "X-Forwarded-For contains an invalid address"),
        ("fe80::1%eth0\nforged", b"", "fe80::/64"),
    ],
)
def test_nothing_that_a_header_holds_gets_into_the_log(log: Log, peer: str, forwarded: bytes, shown: str) -> None:
    assert _refuses(SenderNetworkFilter(networks("203.0.113.0/24"), _PROXIES), peer, forwarded)

    [line] = log.take()
    assert line.values == {"sender": shown, "rejected": 1}


def _application(**settings: str) -> Application:
    return Application(sender_networks="203.0.113.0/24", trusted_proxies="127.0.0.1", **settings)


async def _ask(
    ingress: Application, method: str, path: str, forwarded: Sequence[str], messages: Any = None, **scope: Any
) -> Answer:
    headers = [("x-forwarded-for", value) for value in forwarded]
    return await ingress.ask(method, path, whole(b"{}") if messages is None else messages, headers, **scope)


@pytest.mark.anyio
async def test_a_webhook_from_elsewhere_is_refused_before_it_is_read(log: Log) -> None:
    ingress = _application()
    answer = await _ask(ingress, "POST", "/webhooks", ["198.51.100.1"], [])

    assert answer.status == 403
    assert answer.error == _FORBIDDEN
    assert answer.received == 0
    assert await ingress.kept() == []
    assert len(log.take()) == 1


@pytest.mark.anyio
async def test_a_webhook_from_there_is_taken_through_the_proxy_and_without_it() -> None:
    ingress = _application()

    assert (await _ask(ingress, "POST", "/webhooks", ["203.0.113.9"])).status == 200
    assert (await _ask(ingress, "POST", "/webhooks", [], client=("203.0.113.9", 4711))).status == 200
    assert (await _ask(ingress, "POST", "/webhooks", ["203.0.113.9"], client=None)).status == 200
    assert len(await ingress.kept()) == 3


@pytest.mark.anyio
async def test_a_token_does_not_open_from_elsewhere(log: Log) -> None:
    answer = await _ask(_application(webhook_token="a-token"), "POST", "/webhooks/a-token", [])

    assert answer.status == 403
    assert len(log.take()) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("forwarded", [[], ["198.51.100.1"]])
async def test_the_challenge_is_for_these_networks_and_health_for_all(log: Log, forwarded: list[str]) -> None:
    ingress = _application(verify_token="v")
    challenge = "/webhooks?hub.mode=subscribe&hub.challenge=1&hub.verify_token=v"

    assert (await _ask(ingress, "GET", challenge, ["203.0.113.9"])).status == 200
    assert (await _ask(ingress, "GET", challenge, forwarded)).status == 403
    assert (await _ask(ingress, "GET", "/nowhere", forwarded)).status == 403
    assert (await _ask(ingress, "GET", "/health/live", forwarded)).status == 200
    assert (await _ask(ingress, "GET", "/health/ready", forwarded)).status == 200
    assert len(log.take()) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/health/../webhooks", "/health/webhooks", "/health//webhooks"])
async def test_health_is_no_way_in(path: str) -> None:
    assert (await _ask(_application(), "POST", path, ["198.51.100.1"])).status == 404


@pytest.mark.anyio
async def test_without_the_setting_everybody_may_send_and_nothing_stands_in_the_way() -> None:
    ingress = Application(trusted_proxies="127.0.0.1", webhook_token="t")

    assert isinstance(ingress.asgi, WebhookEndpoint)
    assert list(ingress.asgi.checks) == []  # so it costs nothing
    answer = await _ask(ingress, "POST", "/webhooks/t", ["x"], client=None, server=None)
    assert answer.status == 200
