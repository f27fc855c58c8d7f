"""Access to the console: sign-in, CSRF tokens, security headers, client addresses."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from shared.errors import InvalidSettings
from shared.settings import Settings
from tests.support.console.browsing import Visitor, words
from tests.support.console.fixtures import OpenConsole, without_password
from workers.console.app import create_app, routes
from workers.console.auth.middleware import client_address_of
from workers.console.auth.security_headers import CONTENT_SECURITY_POLICY

OpenBrowser = Callable[..., Visitor]
PAGES = ["/", "/lanes", "/lanes/text.greet", "/dead", "/dead/text.greet/1-1", "/events", "/events/x", "/conversations"]
PAGES += ["/conversations/x", "/report", "/report/days.csv", "/report/deliveries.csv", "/audit", "/nothing"]
PAGES += ["/report/billing"]
FORMS = ["/lanes/text.greet/pause", "/lanes/text.greet/resume", "/dead/confirm", "/dead/act", "/dead/restore"]
FORMS += ["/conversations", "/sign-out", "/numbers"]


def test_the_lists_of_pages_and_forms_are_complete() -> None:
    posts = {
        route.path.replace("{lane}", "text.greet")
        for route in routes()
        if "POST" in (getattr(route, "methods", None) or ())
    }
    assert posts == {*FORMS, "/sign-in"}


@pytest.mark.parametrize("path", PAGES)
def test_pages_require_signing_in(open_browser: OpenBrowser, path: str) -> None:
    answer = open_browser().get(path)
    assert (answer.status_code, answer.headers["location"][:13]) == (303, "/sign-in?next")


def test_streams_require_signing_in(open_browser: OpenBrowser) -> None:
    for stream in ("/live/overview", "/live/lanes/text.greet"):
        assert open_browser().get(stream).status_code == 401


@pytest.mark.parametrize("path", FORMS)
def test_forms_require_signing_in(open_browser: OpenBrowser, path: str) -> None:
    visitor = open_browser()
    visitor.get("/sign-in")
    assert visitor.submit(path).status_code == 401


@pytest.mark.parametrize("path", [*FORMS, "/sign-in"])
def test_forms_require_a_csrf_token(operator: Visitor, path: str) -> None:
    for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
        answer = operator.post(path, fields)
        assert answer.status_code == 403
        assert "This form is no longer valid" in words(answer)


def test_the_csrf_token_of_another_session_is_refused(operator: Visitor, open_browser: OpenBrowser) -> None:
    other = open_browser()
    other.sign_in()
    other.get("/lanes")
    assert operator.post("/numbers", {"csrf": other.csrf_token, "show": "1"}).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_cross_site_posts_are_refused(operator: Visitor, header: dict[str, str]) -> None:
    operator.get("/")
    assert operator.submit("/numbers", {"show": "1"}, **header).status_code == 403


def test_without_a_password_the_console_must_listen_on_loopback(settings: Settings) -> None:
    with pytest.raises(InvalidSettings, match="set SLUICE_CONSOLE_PASSWORD"):
        create_app(without_password(settings).model_copy(update={"host": "0.0.0.0"}))


def test_without_a_password_this_machine_has_access_and_sees_a_banner(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    answer = open_browser(to=open_console(without_password(settings))).get("/")
    assert answer.status_code == 200
    assert "No password is set, so the console can only be used on this machine" in words(answer)


def test_without_a_password_forms_still_require_a_csrf_token(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    visitor = open_browser(to=open_console(without_password(settings)))
    visitor.get("/")
    assert visitor.post("/numbers", {"show": "1"}).status_code == 403
    assert visitor.submit("/numbers", {"show": "1"}).status_code == 303


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1", "127.0.0.1:8001"),
        ("127.0.0.1", "evil.example:8001"),
        ("127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "["),
    ],
)
def test_without_a_password_other_machines_are_refused(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser, address: str, host: str
) -> None:
    visitor = open_browser(address, open_console(without_password(settings)))
    assert visitor.get("/", host=host).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nothing", "/static/console.css", "/static/nothing", "/health/live"]
)
def test_every_response_has_the_security_headers(open_browser: OpenBrowser, path: str) -> None:
    headers = open_browser().get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


def test_an_internal_error_page_has_the_security_headers_too(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.operations.audit_log.entries", lambda *_: 1 / 0)
    answer = operator.get("/audit")
    assert answer.status_code == 500
    assert "The console failed to show this page" in words(answer)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_large_forms_are_refused(operator: Visitor) -> None:
    operator.get("/")
    assert operator.submit("/numbers", {"next": "/" * 2_000_000}).status_code == 413
    assert operator.post("/numbers", {f"field{n}": "" for n in range(6000)}).status_code == 400


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        ("10.0.0.1", ["garbage"], "10.0.0.1"),
        ("10.0.0.1", ["garbage, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        # The client's own header line, and the one that the proxy added.
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9:4711"], "203.0.113.9"),
        (None, ["203.0.113.9"], "203.0.113.9"),
        (None, [], ""),
    ],
)
def test_only_trusted_proxies_can_set_the_client_address(peer: str | None, forwarded: list[str], seen: str) -> None:
    lines = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope = {"type": "http", "client": None if peer is None else (peer, 1), "headers": lines}
    assert client_address_of(scope, (ip_network("10.0.0.0/8"),)) == seen
