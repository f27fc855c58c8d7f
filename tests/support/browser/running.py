"""A complete Sluice with its console, and a browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.programs import free_port
from tests.support.stack import Stack, stack
from tests.support.waiting import until

PASSWORD = "open sesame"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)


class Running(NamedTuple):
    """The addresses of the console and of the rest."""

    console: str
    stack: Stack


def chromium() -> str | None:
    """Return the path of the installed browser, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Running]:
    """Start everything and wait for the console to respond."""
    port = free_port()
    settings = {
        "SLUICE_CONSOLE_PORT": str(port),
        "SLUICE_CONSOLE_PASSWORD": PASSWORD,
        "SLUICE_HANDLERS": "tests.support.browser.handlers",
        **settings,
    }
    with stack(folder, **settings) as started:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(url), within=30, every=0.1)
        yield Running(url, started)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a headless Chromium with its own profile."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(_FLAGS), headless=True)
        try:
            yield started
        finally:
            started.close()


def page(of: Browser, **options: Any) -> Page:
    """Return a page in a fresh browser context."""
    return of.new_context(**options).new_page()


def sign_in(on: Page, url: str) -> None:
    """Sign in, ending at the overview."""
    on.goto(f"{url}/sign-in")
    on.get_by_label("Password").fill(PASSWORD)
    on.get_by_role("button", name="Sign in").click()
    on.wait_for_url(f"{url}/")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
