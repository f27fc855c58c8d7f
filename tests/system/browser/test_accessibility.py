"""Accessibility: axe-core finds no serious issue on any page, light or dark, and all pages fit the smallest phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import running, story
from tests.support.browser.running import Running

pytestmark = pytest.mark.timeout(240)
_AXE = Path(__file__).parent / "assets" / "axe.min.js"
_RUN = (
    """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"""
)
_SERIOUS = {"serious", "critical"}
PAGES = ["/", "/lanes", "/lanes?all=1", "/lanes/text.answer", "/lanes/image.describe", "/dead", "/dead?lane=none"]
PAGES += ["/dead?since=never", f"/dead?customer={story.ASHA}", "/events", "/events?type=failed", "/events?type=none"]
PAGES += ["/conversations", "/report", "/report?since=2001-01-01&until=2001-01-02", "/report/billing", "/audit"]
PAGES += ["/nothing", "letter", "confirm", "event", "conversation", "sign-in"]


@pytest.fixture(params=["light", "dark"], scope="module")
def scheme(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def wide(found: Running, chromium: Browser, scheme: str) -> Iterator[Page]:
    page = running.page(chromium, color_scheme=scheme, viewport={"width": 1200, "height": 800})
    running.sign_in(page, found.console)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def narrow(found: Running, chromium: Browser) -> Iterator[Page]:
    page = running.page(chromium, viewport={"width": 320, "height": 640})
    running.sign_in(page, found.console)
    yield page
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_serious_issue(found: Running, wide: Page, path: str) -> None:
    assert _faults(_at(wide, found.console, path)) == []


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_the_width_of_the_smallest_phone(found: Running, narrow: Page, path: str) -> None:
    page = _at(narrow, found.console, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert _faults(page) == []


def _at(page: Page, url: str, path: str) -> Page:
    match path:
        case "letter":
            page.goto(f"{url}/dead")
            page.locator("table.letters tbody a").first.click()
        case "confirm":
            page.goto(f"{url}/dead")
            page.get_by_label("all matching").check()
            page.get_by_role("button", name="Discard").click()
        case "event":
            page.goto(f"{url}/events")
            page.locator("tbody a").first.click()
        case "conversation":
            page.goto(f"{url}/conversations")
            page.get_by_label("Customer").fill(story.ASHA)
            page.get_by_role("button", name="Open").click()
        case "sign-in":
            # In its own browser, because this one is signed in.
            context = page.context.browser
            assert context is not None
            size = page.viewport_size
            page = running.page(context, viewport=size)
            page.goto(f"{url}/sign-in")
        case _:
            page.goto(f"{url}{path}")
    page.wait_for_load_state("domcontentloaded")
    return page


def _faults(page: Page) -> list[str]:
    page.evaluate(_AXE.read_text())
    result: Any = page.evaluate(_RUN)
    return [
        f"{fault['impact']} {fault['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for fault in result["violations"]
        if fault["impact"] in _SERIOUS
        for node in fault["nodes"]
    ]
