"""One Sluice and one browser for these tests, which `make browser` runs: they take too long for `make test`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import running, story
from tests.support.browser.running import Running
from tests.support.waiting import until


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if os.environ.get("REQUIRE_BROWSER") != "1":
        pytest.skip("needs Chromium and more than a minute: make browser")
    folder: Path = tmp_path_factory.mktemp("browser")
    with running.running(folder) as started:
        story.post_story(started.stack.url)
        until(lambda: _dead(started) >= 3, within=60, every=0.2)
        yield started


@pytest.fixture(scope="session")
def chromium(found: Running) -> Iterator[Browser]:
    with running.browser() as started:
        yield started


@pytest.fixture
def operator(found: Running, chromium: Browser) -> Iterator[Page]:
    """The page of a signed-in browser. Anything that it logs to the browser's console is a failure."""
    page = running.page(chromium, viewport={"width": 1200, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    running.sign_in(page, found.console)
    yield page
    page.context.close()
    assert complaints == []


def _dead(started: Running) -> int:
    totals: Any = started.stack.sluice("status")["totals"]
    return int(totals["dead"])
