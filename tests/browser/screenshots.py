"""`python -m tests.browser.screenshots FOLDER`: each page with demo data, light and dark, desktop and phone."""

import math
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import Page

from shared.connections import connect
from tests.browser import story
from tests.browser.running import Running, browser, page, running, sign_in
from tests.support.valkey import valkey
from workers.console.live.history import COVERS, SAMPLES
from workers.console.live.sample import Sample

_SIZES = {"desktop": (1280, 860), "phone": (360, 740)}
_TRAFFIC_SECONDS = 20.0


def main(folder: Path, schemes: tuple[str, ...] = ("light", "dark")) -> None:
    """Takes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="sluice-pictures-") as name,
        valkey(appendonly="yes", appendfsync="always") as url,
        _with_a_past(url),
        running(Path(name), SLUICE_REDIS_URL=url) as found,
    ):
        story.tell(found.stack.url)
        sender = threading.Thread(target=_traffic, args=(found.stack.url,))
        sender.start()
        with browser() as started:
            for scheme in schemes:
                for size, (width, height) in _SIZES.items():
                    on = page(started, viewport={"width": width, "height": height}, color_scheme=scheme)
                    _take_all(on, found, folder, f"{size}-{scheme}")
                    on.context.close()
        sender.join()


@contextmanager
def _with_a_past(url: str) -> Iterator[None]:
    """An hour that never was: a campaign in the middle of a quiet morning."""
    draw, now = random.Random(5), round(time.time() * 1000)
    with connect(url) as client:
        pipe = client.pipeline(transaction=False)
        for second in range(0, COVERS - 20, 10):
            campaign = math.exp(-(((second - 1900) / 420) ** 2))
            taken = round((60 + 240 * campaign) * draw.uniform(0.85, 1.15)) * 10
            lag = round((120 + 9000 * campaign**3) * draw.uniform(0.7, 1.3))
            past = Sample(
                at=now - (COVERS - second) * 1000, span=10.0, taken=taken, handled=round(taken * 1.1), lag=lag
            )
            pipe.xadd(SAMPLES, {"s": msgspec.json.encode(past)})
        pipe.execute()
    yield


def _traffic(url: str) -> None:
    end, seed = time.monotonic() + _TRAFFIC_SECONDS, 1
    while time.monotonic() < end:
        story.rush(url, 100, seed)
        seed += 1


def _take_all(on: Page, found: Running, folder: Path, suffix: str) -> None:
    def take(name: str, path: str = "") -> None:
        if path:
            on.goto(found.console + path)
        on.wait_for_timeout(300)
        on.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)

    take("sign-in", "/sign-in")
    sign_in(on, found.console)
    on.wait_for_timeout(6000)
    take("overview")
    take("lanes", "/lanes")
    take("lane", "/lanes/image.describe")
    take("dead", "/dead")
    on.locator("table.letters tbody tr a").first.click()
    take("letter")
    on.goto(f"{found.console}/dead")
    on.get_by_label("all that match").check()
    on.get_by_role("button", name="Discard").click()
    take("confirm")
    take("events", "/events")
    on.locator("table a", has_text=":").first.click()
    take("event")
    take("conversations", "/conversations")
    on.get_by_label("Customer").fill(story.ASHA)
    on.get_by_role("button", name="Open").click()
    take("conversation")
    take("report", "/report")
    take("audit", "/audit")
    take("fault", "/lanes/none.such")


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or ("light", "dark"))
