"""`make screenshots`: each page of the console with made-up data, light and dark, as the README shows them."""

import argparse
import math
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page

from shared.redis.connection import connect
from tests.programs.screenshots import pictures
from tests.support.browser import story
from tests.support.browser.running import Running, browser, page, running, sign_in
from tests.support.programs import ROOT
from tests.support.valkey import valkey
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.sample_history import RETENTION_SECONDS, SAMPLES_KEY

_SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1200, "height": 820}, "device_scale_factor": 1.5},
    "phone": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
}
#: Pages that a telephone's picture is worth having of.
_ON_PHONES = {"overview", "dead", "conversation"}
_SCHEMES = ("light", "dark")
_TRAFFIC_SECONDS = 20.0
_SETTLES_MS = 6000
_ELSEWHERE = "(text, root) => { text.textContent = text.textContent.replaceAll(root, '/app') }"
_Take = Callable[..., None]


def main() -> None:
    """Takes all pictures."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="sluice-pictures-") as name,
        valkey(appendonly="yes", appendfsync="always") as url,
        _with_a_past(url),
        running(Path(name), SLUICE_REDIS_URL=url) as found,
    ):
        story.post_week(found.stack.url)
        story.post_story(found.stack.url)
        sender = threading.Thread(target=_traffic, args=(found.stack.url,))
        sender.start()
        with browser() as started:
            for scheme in options.schemes:
                for size, about in _SIZES.items():
                    on = page(started, color_scheme=scheme, **about)
                    _take_all(on, found, _taker(on, options, size, scheme))
                    on.context.close()
        sender.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument("--schemes", nargs="+", choices=_SCHEMES, default=_SCHEMES)
    parser.add_argument("--whole", action="store_true", help="PNG of whole pages, each on a phone too: to look at")
    return parser.parse_args()


def _taker(on: Page, options: argparse.Namespace, size: str, scheme: str) -> _Take:
    def take(name: str, path: str = "", base: str = "") -> None:
        if path:
            on.goto(base + path)
        on.wait_for_timeout(300)
        file = f"{name}-{scheme}" if size == "desktop" else f"{name}-{size}-{scheme}"
        if options.whole:
            on.screenshot(path=options.folder / f"{file}.png", full_page=True, scale="css")
        elif (size == "desktop" and name != "fault") or name in _ON_PHONES:
            pictures.take(on, options.folder / f"{file}.webp")

    return take


@contextmanager
def _with_a_past(url: str) -> Iterator[None]:
    """An hour that never was: a campaign in the middle of a quiet morning."""
    draw, now = random.Random(5), round(time.time() * 1000)
    with connect(url) as client:
        pipe = client.pipeline(transaction=False)
        for second in range(0, RETENTION_SECONDS - 20, 10):
            campaign = math.exp(-(((second - 1900) / 420) ** 2))
            taken = round((60 + 240 * campaign) * draw.uniform(0.85, 1.15)) * 10
            lag = round((120 + 9000 * campaign**3) * draw.uniform(0.7, 1.3))
            past = Sample(
                at=now - (RETENTION_SECONDS - second) * 1000,
                span=10.0,
                taken=taken,
                handled=round(taken * 1.1),
                lag=lag,
            )
            pipe.xadd(SAMPLES_KEY, {"s": msgspec.json.encode(past)})
        pipe.execute()
    yield


def _traffic(url: str) -> None:
    end, seed = time.monotonic() + _TRAFFIC_SECONDS, 1
    while time.monotonic() < end:
        story.post_simulated(url, 100, seed)
        seed += 1


def _take_all(on: Page, found: Running, take: _Take) -> None:
    take("sign-in", "/sign-in", found.console)
    sign_in(on, found.console)
    on.wait_for_timeout(_SETTLES_MS)
    take("overview")
    take("lanes", "/lanes", found.console)
    take("lane", "/lanes/image.describe", found.console)
    take("dead", "/dead", found.console)
    on.locator("table.letters tbody tr", has_text="LookupError").get_by_role("link").first.click()
    # Where this was run is nobody's business.
    on.get_by_label("Traceback").evaluate(
        f"(text) => {{ text.innerText = text.innerText.replaceAll('{ROOT}', '/app') }}"
    )
    take("letter")
    on.goto(f"{found.console}/dead")
    on.get_by_label("all matching").check()
    on.get_by_role("button", name="Discard").click()
    take("confirm")
    take("events", "/events?type=message", found.console)
    take("conversations", "/conversations", found.console)
    on.get_by_label("Customer").fill(story.ASHA)
    on.get_by_role("button", name="Open").click()
    take("conversation")
    on.get_by_role("listitem").filter(has_text="Where is my order").locator(".meta a").click()
    take("event")
    take("report", "/report", found.console)
    on.wait_for_load_state("networkidle")
    take("report")
    take("audit", "/audit", found.console)
    take("fault", "/lanes/none.such", found.console)


if __name__ == "__main__":
    main()
