"""The verification challenge."""

from urllib.parse import urlencode

import pytest

from tests.support.ingress.application import Application
from tests.support.ingress.asgi import Answer

pytestmark = pytest.mark.anyio

_TOKEN = "the-verify-token"
_PATHS = [
    f"/webhooks{path}{slash}"
    for path in ("", "/messages", "/statuses", "/tok", "/messages/tok", "/statuses/tok")
    for slash in ("", "/")
]


def _query(**changes: str | None) -> str:
    asked = {"mode": "subscribe", "verify_token": _TOKEN, "challenge": "1158201444", **changes}
    return urlencode({f"hub.{name}": value for name, value in asked.items() if value is not None})


async def _ask(path: str = "/webhooks", **changes: str | None) -> Answer:
    return await Application(verify_token=_TOKEN).get(f"{path}?{_query(**changes)}")


@pytest.mark.parametrize("path", _PATHS)
async def test_the_bare_challenge_comes_back_on_every_path(path: str) -> None:
    answer = await _ask(path)

    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("challenge", ["<script>alert(1)</script>", "a b&c=d", "\u00e9\u0939", "x" * 1024])
async def test_whatever_the_challenge_holds_stays_text(challenge: str) -> None:
    answer = await _ask(challenge=challenge)

    assert (answer.status, answer.body.decode()) == (200, challenge)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("stated", ["wrong", "", None, _TOKEN + "x", _TOKEN.upper(), "\u00e9"])
async def test_a_wrong_verify_token_is_refused(stated: str | None) -> None:
    answer = await _ask(verify_token=stated)

    assert answer.status == 401
    assert answer.error == ("unauthorized", "hub.verify_token is invalid, or SLUICE_VERIFY_TOKEN is not set")


@pytest.mark.parametrize("stated", ["", "None", _TOKEN])
async def test_without_a_verify_token_of_ours_none_is_right(stated: str) -> None:
    answer = await Application().get(f"/webhooks?{_query(verify_token=stated)}")
    assert answer.status == 401


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.challenge=1&hub.verify_token=" + _TOKEN,
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=" + _TOKEN,
        "hub.mode=subscribe&hub.verify_token=" + _TOKEN,
        "hub.mode=subscribe&hub.challenge=&hub.verify_token=" + _TOKEN,
        "hub.mode=subscribe&hub.verify_token=" + _TOKEN + "&hub.challenge=" + "x" * 1025,
        "hub_mode=subscribe&hub_challenge=1&hub_verify_token=" + _TOKEN,
        "%ff=%fe&;&&=",
    ],
)
async def test_a_get_without_a_challenge_is_rejected_with_the_reason(query: str) -> None:
    answer = await Application(verify_token=_TOKEN).get(f"/webhooks?{query}")

    assert answer.status == 400
    assert answer.error == ("no_challenge", "hub.mode=subscribe and hub.challenge are required")


async def test_a_challenge_needs_no_webhook_token_and_no_signature() -> None:
    # The provider's handshake comes without them.
    ingress = Application(verify_token=_TOKEN, webhook_token="a-token", hmac_secret="secret")
    assert (await ingress.get(f"/webhooks?{_query()}")).body == b"1158201444"
