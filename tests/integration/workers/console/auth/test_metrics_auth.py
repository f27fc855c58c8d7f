"""Access to the metrics."""

import base64
from collections.abc import Callable

import pytest

from shared.settings import Settings
from tests.support.console.browsing import PASSWORD, Visitor
from tests.support.console.fixtures import OpenConsole, without_password
from tests.support.console.scraping import BEARER
from workers.console.auth.login_throttle import FREE_FAILURES

OpenBrowser = Callable[..., Visitor]


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "headers", [BEARER, {"authorization": f"bearer {PASSWORD}"}, basic("prometheus", PASSWORD), basic("", PASSWORD)]
)
def test_the_password_gives_access_to_the_metrics_without_a_session(
    open_browser: OpenBrowser, headers: dict[str, str]
) -> None:
    answer = open_browser("192.0.2.1").get("/metrics", **headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.logs("warning")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": PASSWORD},
        {"authorization": f"Digest {PASSWORD}"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        basic(PASSWORD, ""),
        basic("prometheus", PASSWORD + " "),
        basic("prometheus", PASSWORD[:-1]),
    ],
)
def test_without_the_password_the_metrics_are_refused(open_browser: OpenBrowser, headers: dict[str, str]) -> None:
    answer = open_browser().get("/metrics", **headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "sluice_" not in answer.text


def test_a_signed_in_user_can_read_the_metrics(operator: Visitor) -> None:
    assert operator.get("/metrics").status_code == 200


def test_metrics_credentials_do_not_open_pages(open_browser: OpenBrowser) -> None:
    assert open_browser().get("/", **BEARER).status_code == 303


@pytest.mark.logs("warning")
def test_guessing_is_throttled_without_blocking_sign_in(open_browser: OpenBrowser) -> None:
    visitor = open_browser()
    for _ in range(FREE_FAILURES):
        assert visitor.get("/metrics", authorization="Bearer wrong").status_code == 401
    answer = visitor.get("/metrics", **BEARER)
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert open_browser("192.0.2.1").get("/metrics", **BEARER).status_code == 200
    assert visitor.sign_in().status_code == 303


def test_a_request_without_a_password_does_not_count_as_a_guess(open_browser: OpenBrowser) -> None:
    visitor = open_browser()
    for _ in range(2 * FREE_FAILURES):
        assert visitor.get("/metrics").status_code == 401
    assert visitor.get("/metrics", **BEARER).status_code == 200


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [("127.0.0.1", "127.0.0.1:8001", 200), ("192.0.2.1", "127.0.0.1", 403), ("127.0.0.1", "evil.example", 403)],
)
def test_without_a_console_password_only_this_machine_can_read_the_metrics(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser, address: str, host: str, status: int
) -> None:
    answer = open_browser(address, open_console(without_password(settings))).get("/metrics", host=host)
    assert (answer.status_code, "set-cookie" in answer.headers) == (status, False)


def test_the_metrics_accept_only_reads(operator: Visitor) -> None:
    assert operator.post("/metrics", **BEARER).status_code == 405
