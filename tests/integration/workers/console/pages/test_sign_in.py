"""Signing in and out, and sessions."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from shared.settings import Settings
from tests.support.console.browsing import PASSWORD, Visitor, words
from tests.support.console.fixtures import OpenConsole, with_settings
from workers.console.auth.login_throttle import FREE_FAILURES
from workers.console.auth.sessions import COOKIE, SESSION_TTL
from workers.console.context import ConsoleContext

OpenBrowser = Callable[..., Visitor]


def test_signing_in_opens_the_requested_page(open_browser: OpenBrowser) -> None:
    visitor = open_browser()
    asked = visitor.get("/dead?lane=text.greet")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fdead%3Flane%3Dtext.greet")
    form = visitor.get(asked.headers["location"])
    assert 'value="/dead?lane=text.greet"' in form.text
    answer = visitor.submit("/sign-in", {"password": PASSWORD, "next": "/dead?lane=text.greet"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dead?lane=text.greet")
    assert visitor.get("/dead").status_code == 200


@pytest.mark.logs("warning")
@pytest.mark.parametrize(
    "password",
    [
        "",
        "wrong",
        PASSWORD + " ",
        PASSWORD.upper(),
        "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
def test_a_wrong_password_is_refused(open_browser: OpenBrowser, password: str) -> None:
    visitor = open_browser()
    answer = visitor.sign_in(password)
    assert answer.status_code == 403
    assert "Wrong password" in words(answer)
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "\\/evil", "", "/a\r\nb"]
)
def test_signing_in_does_not_redirect_to_other_sites(open_browser: OpenBrowser, target: str) -> None:
    assert open_browser().sign_in(target=target).headers["location"] == "/"


def test_the_cookie_is_hidden_from_scripts_and_other_sites(open_browser: OpenBrowser) -> None:
    cookie = open_browser().sign_in().headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_TTL:.0f}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_is_secure(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    proxied = settings.model_copy(update={"trusted_proxies": (ip_network("10.0.0.0/8"),)})
    forwarded = {"x-forwarded-proto": "https"}
    assert (
        "Secure" in open_browser("10.1.2.3", open_console(proxied)).get("/sign-in", **forwarded).headers["set-cookie"]
    )
    assert (
        "Secure"
        not in open_browser("192.0.2.1", open_console(proxied)).get("/sign-in", **forwarded).headers["set-cookie"]
    )


def test_signing_in_creates_a_new_session(open_browser: OpenBrowser) -> None:
    visitor = open_browser()
    before = visitor.get("/sign-in").headers["set-cookie"]
    assert visitor.sign_in().headers["set-cookie"] != before


def test_a_forged_cookie_is_ignored(open_browser: OpenBrowser, operator: Visitor) -> None:
    cookie = operator.http.cookies[COOKIE]
    for forged in (
        cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:],
        "x",
        "WyJhIiw5ZTk5LHRydWUsMF0.x",
        '"' + cookie,
    ):
        visitor = open_browser()
        assert visitor.get("/", cookie=f"{COOKIE}={forged}").status_code == 303


def test_after_signing_out_the_old_cookie_is_refused(operator: Visitor, open_browser: OpenBrowser) -> None:
    cookie = operator.http.cookies[COOKIE]
    operator.get("/")
    assert operator.submit("/sign-out").headers["location"] == "/sign-in"
    assert operator.get("/").status_code == 303
    assert open_browser().get("/", cookie=f"{COOKIE}={cookie}").status_code == 303


def test_signing_out_ends_the_session_in_other_consoles_too(
    operator: Visitor, open_browser: OpenBrowser, settings: Settings, open_console: OpenConsole
) -> None:
    cookie = {"cookie": f"{COOKIE}={operator.http.cookies[COOKIE]}"}
    other = open_console(settings)
    assert open_browser(to=other).get("/", **cookie).status_code == 200  # the same password gives the same keys
    operator.get("/")
    operator.submit("/sign-out")
    other.sampler.refresh()
    assert open_browser(to=other).get("/", **cookie).status_code == 303


def test_changing_the_password_ends_all_sessions(
    operator: Visitor, open_browser: OpenBrowser, settings: Settings, open_console: OpenConsole
) -> None:
    other = open_console(with_settings(settings, console_password="another"))
    cookie = {"cookie": f"{COOKIE}={operator.http.cookies[COOKIE]}"}
    assert open_browser(to=other).get("/", **cookie).status_code == 303


@pytest.mark.logs("warning")
def test_guessing_is_throttled_per_address(open_browser: OpenBrowser) -> None:
    guesser, other = open_browser("192.0.2.1"), open_browser("192.0.2.2")
    for _ in range(FREE_FAILURES):
        assert guesser.sign_in("wrong").status_code == 403
    answer = guesser.sign_in()
    assert answer.status_code == 429
    assert "Too many wrong passwords. Try again in" in words(answer)
    assert other.sign_in().status_code == 303


@pytest.mark.logs("warning")
def test_a_forged_forwarded_address_does_not_avoid_the_throttle(open_browser: OpenBrowser) -> None:
    guesser = open_browser("192.0.2.1")
    guesser.get("/sign-in")
    for number in range(FREE_FAILURES):
        guesser.submit("/sign-in", {"password": "wrong"}, **{"x-forwarded-for": f"198.51.100.{number}"})
    assert guesser.sign_in().status_code == 429


def test_signing_in_is_audited(operator: Visitor, console: ConsoleContext) -> None:
    assert "signed in" in words(operator.get("/audit"))
