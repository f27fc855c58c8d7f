"""Which paths there are, and the responses to other paths and methods."""

import pytest

from ingress.request import parse_webhook_path
from tests.support.ingress.application import Application
from tests.support.ingress.asgi import whole

pytestmark = pytest.mark.anyio

_ROUTES = {"/webhooks": "", "/webhooks/messages": "messages", "/webhooks/statuses": "statuses"}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("token", ["", "/a-token"])
@pytest.mark.parametrize(("path", "route"), _ROUTES.items())
async def test_every_path_takes_webhooks_and_the_receipt_names_the_route(
    path: str, route: str, token: str, slash: str
) -> None:
    ingress = Application(webhook_token="a-token" if token else "")
    answer = await ingress.post(b'{"a": 1}', path + token + slash)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert int(answer.headers["content-length"]) == len(answer.body)
    _, receipt = await ingress.one()
    assert answer.json == {"receipt": receipt.id}
    assert (receipt.route, receipt.body) == (route, b'{"a": 1}')


async def test_every_webhook_has_a_receipt_of_its_own() -> None:
    ingress = Application()
    answers = [(await ingress.post(b"{}")).json["receipt"] for _ in range(20)]

    assert len(set(answers)) == 20
    assert [receipt.id for _, receipt in await ingress.kept()] == answers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/webhook",
        "/webhooksx",
        "/Webhooks",
        "//webhooks",
        "/webhooks/other/token",
        "/webhooks/token/messages",
        "/webhooks/messages/token/more",
        "/webhooks//token",
        "/health",
        "/health/live/more",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_any_other_path_is_not_found(method: str, path: str) -> None:
    ingress = Application()
    answer = await ingress.ask(method, path, whole(b"{}"))

    assert answer.status == 404
    assert answer.error == ("not_found", "Not Found")
    assert await ingress.kept() == []


@pytest.mark.parametrize("path", [*_ROUTES, "/webhooks/token", "/webhooks/", "/webhooks/messages/token/"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_gets_the_list_of_allowed_ones(method: str, path: str) -> None:
    answer = await Application().ask(method, path, whole(b"{}"))

    assert answer.status == 405
    assert answer.error == ("method_not_allowed", "Method Not Allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_is_only_read(path: str) -> None:
    answer = await Application().ask("POST", path, whole(b"{}"))

    assert answer.status == 405
    assert answer.error == ("method_not_allowed", "Method Not Allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/webhooks", ("", "")),
        ("/webhooks/", ("", "")),
        ("/webhooks/token", ("", "token")),
        ("/webhooks/messages", ("messages", "")),
        ("/webhooks/statuses/token", ("statuses", "token")),
        ("/webhooks/messages/statuses", ("messages", "statuses")),
        ("/webhooks/token/token", None),
        ("/webhooks//", ("", "")),
        ("webhooks", None),
        ("", None),
        ("/", None),
        ("/x/webhooks", None),
    ],
)
def test_a_path_is_a_route_and_a_token(path: str, place: tuple[str, str] | None) -> None:
    assert parse_webhook_path(path) == place
