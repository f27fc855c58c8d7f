"""Nothing that the ingress prints holds a secret, a phone number or a payload, whatever goes wrong."""

import hashlib
import hmac
import socket
from pathlib import Path

from tests.support.ingress.processes import Ingress, Server, get, ingress
from tests.support.programs import program
from tests.support.waiting import until

_TOKEN = "token-4711-tell-nobody"
_KEY = "hmac-4711-tell-nobody"
_VERIFY = "verify-4711-tell-nobody"
_PASSWORD = "redis-4711-tell-nobody"
_PHONE = "919812345678"
_BODY = b'{"messages": {"from": "%s", "text": {"body": "private words"}}}' % _PHONE.encode()
_KEPT_TO_ITSELF = (_TOKEN, _KEY, _VERIFY, _PASSWORD, "tell-nobody", _PHONE, "private words")


def _signed(body: bytes, key: str = _KEY) -> str:
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def _raw(running: Ingress, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as client:
        client.sendall(request)
        client.recv(4096)


def _everything_that_goes_wrong(running: Ingress) -> str:
    """All answers to requests that are right, wrong and broken."""
    good = {"x_hub_signature_256": _signed(_BODY)}
    answers = [
        running.post(_BODY, f"/webhooks/{_TOKEN}", **good),
        running.post(_BODY, "/webhooks", x_webhook_token=_TOKEN, **good),
        running.post(_BODY, f"/webhooks/{_TOKEN}", x_hub_signature_256=_signed(_BODY, "other")),
        running.post(_BODY, f"/webhooks/{_TOKEN}x", **good),
        running.post(_BODY, f"/webhooks/{_TOKEN}/{_PHONE}", **good),
        running.post(_BODY[:-1], f"/webhooks/{_TOKEN}", x_hub_signature_256=_signed(_BODY[:-1])),
        get(running, f"/webhooks/{_TOKEN}?hub.mode=subscribe&hub.challenge=1&hub.verify_token={_VERIFY}x"),
        get(running, f"/webhooks/{_TOKEN}?hub.mode=subscribe&hub.challenge=1&hub.verify_token={_VERIFY}"),
        get(running, f"/nowhere/{_TOKEN}"),
        get(running, "/health/ready"),
    ]
    _raw(running, f"POST /webhooks/{_TOKEN} HTTP/9.9\r\nx: {_PHONE}\r\n\r\n".encode())
    _raw(
        running,
        f"GET /webhooks/{_TOKEN} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".encode(),
    )
    return "".join(answer.text for answer in answers)


def _settings(redis_url: str) -> dict[str, str]:
    return {"redis_url": redis_url, "webhook_token": _TOKEN, "hmac_secret": _KEY, "verify_token": _VERIFY}


def _assert_discreet(text: str) -> None:
    assert [word for word in _KEPT_TO_ITSELF if word in text] == []


def test_neither_log_nor_answers_give_away_anything(tmp_path: Path) -> None:
    mortal = Server(tmp_path / "valkey")
    protected = mortal.url.replace("//", f"//:{_PASSWORD}@")
    with ingress(tmp_path, **_settings(protected)) as running:
        try:
            _assert_discreet(_everything_that_goes_wrong(running))  # Redis is down
            mortal.start()
            # A password where none is set: Redis refuses it.
            _assert_discreet(_everything_that_goes_wrong(running))
            mortal.require(_PASSWORD)
            until(
                lambda: (
                    running.post(_BODY, f"/webhooks/{_TOKEN}", x_hub_signature_256=_signed(_BODY)).status_code == 200
                )
            )
            _assert_discreet(_everything_that_goes_wrong(running))
        finally:
            mortal.kill()
        running.program.process.terminate()
        running.program.process.wait(20)

    assert "Redis does not accept webhooks" in running.program.output
    _assert_discreet(running.program.output)


def test_nor_does_uvicorn_s_own_command(tmp_path: Path, redis_url: str) -> None:
    with ingress(tmp_path, [program("uvicorn"), "ingress.app:app"], **_settings(redis_url)) as running:
        _assert_discreet(_everything_that_goes_wrong(running))
        running.program.process.terminate()
        running.program.process.wait(20)
    _assert_discreet(running.program.output)


def test_nor_do_tracebacks_on_a_terminal(tmp_path: Path, redis_url: str) -> None:
    # Where a terminal is behind the pipe, lines are for people. Local variables are not for them.
    broken = (
        "import sys, uvicorn, ingress.webhooks as w\n"
        "def broken(document, size):\n"
        "    raise ZeroDivisionError('no lane for +' + document['messages']['from'] + '.')\n"
        "w.lane_of = broken\n"
        "import runpy; runpy.run_module('ingress', run_name='__main__')\n"
    )
    command = [program("python"), "-c", broken]
    with ingress(tmp_path, command, FORCE_COLOR="1", **_settings(redis_url)) as running:
        answer = running.post(_BODY, f"/webhooks/{_TOKEN}", x_hub_signature_256=_signed(_BODY))
        running.program.has_said("ZeroDivisionError")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "Traceback" in running.program.output
    assert "no lane for 9198\u2026678." in running.program.output
    _assert_discreet(running.program.output)
