"""An ingress without a secret takes what comes in on this machine, wherever it is bound."""

import socket
from pathlib import Path

import httpx
import pytest

from ingress.webhooks import WebhookEndpoint
from tests.support.ingress.application import Application
from tests.support.ingress.asgi import whole
from tests.support.ingress.processes import ingress
from tests.support.programs import program

_OPEN = (
    "forbidden",
    "other machines can reach this address, and senders are not authenticated: "
    "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET (or bind to 127.0.0.1)",
)
_OUTSIDE = [("192.0.2.1", 8000), ("::", 8000), ("2001:db8::1", 8000), ("::ffff:192.0.2.1", 8000), ("", 8000), None]
_INSIDE = [
    ("127.0.0.1", 8000),
    ("127.9.9.9", 80),
    ("::1", 8000),
    ("::ffff:127.0.0.1", 8000),
    ("/run/sluice.sock", None),
]


@pytest.mark.anyio
@pytest.mark.parametrize("server", _OUTSIDE)
@pytest.mark.parametrize(("method", "path"), [("POST", "/webhooks"), ("GET", "/webhooks"), ("GET", "/health/ready")])
async def test_what_comes_in_from_elsewhere_is_refused_unread(
    server: tuple[str, int] | None, method: str, path: str
) -> None:
    app = Application()
    answer = await app.ask(method, path, [], server=server)

    assert answer.status == 403
    assert answer.error == _OPEN
    assert answer.received == 0


@pytest.mark.anyio
@pytest.mark.parametrize("server", _INSIDE)
async def test_what_comes_in_on_this_machine_is_taken(server: tuple[str, int | None]) -> None:
    assert (await Application().ask("POST", "/webhooks", whole(b"{}"), server=server)).status == 200


@pytest.mark.anyio
@pytest.mark.parametrize("secret", [{"webhook_token": "t"}, {"hmac_secret": "s"}])
async def test_with_a_secret_that_decides(secret: dict[str, str]) -> None:
    app = Application(**secret)
    answer = await app.ask("POST", "/webhooks", whole(b"{}"), server=("192.0.2.1", 8000))

    assert answer.status == 401
    assert isinstance(app.asgi, WebhookEndpoint)
    assert list(app.asgi.checks) == []  # so it costs nothing


def _address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return address


def test_uvicorn_s_own_host_does_not_open_it(tmp_path: Path, redis_url: str) -> None:
    command = [program("uvicorn"), "ingress.app:app", "--host", "0.0.0.0"]
    with ingress(tmp_path, command, redis_url=redis_url) as running:
        answer = httpx.post(f"http://{_address()}:{running.port}/webhooks", content=b"{}", trust_env=False)

        assert answer.status_code == 403
        assert answer.json()["error"]["message"] == _OPEN[1]
        assert running.post().status_code == 200


def test_a_unix_socket_is_taken_and_is_no_proxy_unless_there_are_any(tmp_path: Path, redis_url: str) -> None:
    path = str(tmp_path / "ingress.sock")
    # A port is bound too, for the fixture to see that it runs: uvicorn's command takes one of both, a program both.
    code = (
        "import asyncio, os, uvicorn\n"
        "from ingress.app import create_app\n"
        "from ingress.uvicorn_http.timeouts import TimeoutProtocol\n"
        "from shared.settings import Settings\n"
        "async def serve(app, **where):\n"
        "    config = uvicorn.Config(app, http=TimeoutProtocol, loop='uvloop', log_config=None, **where)\n"
        "    server = uvicorn.Server(config)\n"
        "    server.install_signal_handlers = lambda: None\n"
        "    await server.serve()\n"
        "async def main():\n"
        "    open_ = Settings.load()\n"
        "    closed = open_.model_copy(update={'trusted_proxies': ()})\n"
        "    await asyncio.gather(\n"
        "        serve(create_app(open_), port=int(os.environ['SLUICE_PORT'])),\n"
        f"        serve(create_app(open_), uds={path + '1'!r}),\n"
        f"        serve(create_app(closed), uds={path + '2'!r}),\n"
        "    )\n"
        "asyncio.run(main())\n"
    )
    settings = {"redis_url": redis_url, "sender_networks": "203.0.113.0/24", "trusted_proxies": "127.0.0.1"}
    with ingress(tmp_path, [program("python"), "-c", code], **settings) as running:

        def asked(socket_path: str, **headers: str) -> int:
            with httpx.Client(transport=httpx.HTTPTransport(uds=socket_path)) as client:
                return client.post("http://x/webhooks", content=b"{}", headers=headers).status_code

        good = {"X-Forwarded-For": "203.0.113.9"}
        assert asked(path + "1", **good) == 200
        assert asked(path + "1", **{"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}) == 403
        assert asked(path + "1") == 403
        assert asked(path + "2", **good) == 403
        assert running.post(X_Forwarded_For="203.0.113.9").status_code == 200
        assert running.post().status_code == 403
