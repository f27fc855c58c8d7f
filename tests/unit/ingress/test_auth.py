"""Who may send webhooks."""

import hashlib
import hmac

import pytest

from tests.support.ingress.application import Application

pytestmark = pytest.mark.anyio

_KEY = "the-app-secret"
_BODY = '{"text": "\\u00e9 \u00e9",   "n": 1.0}\n'.encode()  # another serialisation of it has other bytes
_WRONG_TOKEN = ("unauthorized", "the webhook token is missing or invalid")
_WRONG_SIGNATURE = ("unauthorized", "the signature X-Hub-Signature-256 is missing or invalid")


def _signature(body: bytes = _BODY, key: str = _KEY) -> str:
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


async def _assert_refused(ingress: Application, expected: tuple[str, str], path: str, **headers: str) -> None:
    answer = await ingress.post(_BODY, path, {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status == 401
    assert answer.error == expected
    assert await ingress.kept() == []


async def test_without_a_secret_anybody_may_send() -> None:
    assert (await Application().post(_BODY)).status == 200
    assert (await Application().post(_BODY, "/webhooks/any-token", {"x-webhook-token": "other"})).status == 200


@pytest.mark.parametrize("token", ["new-token", "old-token"])
@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/messages", "/webhooks/statuses"])
async def test_each_of_several_tokens_opens_in_the_path_and_in_the_header(path: str, token: str) -> None:
    ingress = Application(webhook_token="new-token, old-token")

    assert (await ingress.post(_BODY, f"{path}/{token}")).status == 200
    assert (await ingress.post(_BODY, path, {"X-Webhook-Token": token})).status == 200
    assert (await ingress.post(_BODY, f"{path}/wrong", {"X-Webhook-Token": token})).status == 200


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/webhooks", None),
        ("/webhooks", ""),
        ("/webhooks/", None),
        ("/webhooks/wrong", None),
        ("/webhooks", "wrong"),
        ("/webhooks/a-toke", None),
        ("/webhooks/a-token2", None),
        ("/webhooks/A-TOKEN", None),
        ("/webhooks/a-token,b-token", None),
        ("/webhooks", "a-token,b-token"),
        ("/webhooks", "a-token "),
        ("/webhooks/messages/wr\u00f6ng", None),
        ("/webhooks/statuses", "wr\u00f6ng"),
    ],
)
async def test_a_token_that_is_missing_or_wrong_is_refused(path: str, header: str | None) -> None:
    ingress = Application(webhook_token="a-token,b-token")
    await _assert_refused(ingress, _WRONG_TOKEN, path, **({} if header is None else {"x_webhook_token": header}))


async def test_a_wrong_token_is_refused_before_the_body_is_read() -> None:
    answer = await Application(webhook_token="a-token").ask("POST", "/webhooks", [])

    assert answer.status == 401
    assert answer.received == 0


async def test_a_signature_of_the_raw_bytes_opens() -> None:
    ingress = Application(hmac_secret=_KEY)
    answer = await ingress.post(_BODY, headers={"X-Hub-Signature-256": _signature()})

    assert answer.status == 200
    _, receipt = await ingress.one()
    assert receipt.body == _BODY


async def test_a_signature_in_upper_case_opens() -> None:
    answer = await Application(hmac_secret=_KEY).post(_BODY, headers={"X-Hub-Signature-256": _signature().upper()})
    assert answer.status == 200


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        _signature(key="another-secret"),
        _signature(_BODY.replace(b"   ", b" ")),
        _signature(_BODY.strip()),
        _signature().removeprefix("sha256="),
        _signature().replace("sha256", "sha1"),
        _signature()[:-1],
        _signature() + "0",
        f"{_signature()}, {_signature()}",
        "sha256=\u00e9",
    ],
)
async def test_a_signature_that_is_wrong_is_refused(signature: str) -> None:
    await _assert_refused(Application(hmac_secret=_KEY), _WRONG_SIGNATURE, "/webhooks", x_hub_signature_256=signature)


async def test_a_missing_signature_is_refused() -> None:
    await _assert_refused(Application(hmac_secret=_KEY), _WRONG_SIGNATURE, "/webhooks")


async def test_where_both_kinds_are_set_both_must_be_right() -> None:
    ingress = Application(webhook_token="a-token", hmac_secret=_KEY)

    await _assert_refused(ingress, _WRONG_TOKEN, "/webhooks", x_hub_signature_256=_signature())
    await _assert_refused(ingress, _WRONG_SIGNATURE, "/webhooks/a-token")
    await _assert_refused(ingress, _WRONG_SIGNATURE, "/webhooks/a-token", x_hub_signature_256=_signature(key="other"))
    answer = await ingress.post(_BODY, "/webhooks/a-token", {"X-Hub-Signature-256": _signature()})
    assert answer.status == 200


async def test_an_unsigned_body_is_not_even_looked_at() -> None:
    # Otherwise anybody could have the parser work, and learn from its answers.
    answer = await Application(hmac_secret=_KEY).post(b"no JSON")
    assert answer.status == 401
