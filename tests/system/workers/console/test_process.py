"""The console as a process: `python -m workers.console`."""

import contextlib
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from tests.support.console.browsing import PASSWORD
from tests.support.console.fixtures import entry
from tests.support.programs import Program, free_port, python, run, started
from tests.support.waiting import until
from workers.lanes import Lanes

_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@contextlib.contextmanager
def console(folder: Path, redis_url: str, **settings: str) -> Iterator[tuple[str, Program]]:
    port = free_port()
    command = python("-m", "workers.console")
    settings = {"SLUICE_REDIS_URL": redis_url, "SLUICE_CONSOLE_PORT": str(port), **settings}
    with started(command, folder, **settings) as program:
        url = f"http://127.0.0.1:{port}"
        until(lambda: program.process.poll() is not None or _answers(url), within=30, every=0.05)
        assert program.process.poll() is None, program.output
        yield url, program


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@contextlib.contextmanager
def signed_in(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        token = _TOKEN.search(client.get("/sign-in").text)
        assert token is not None
        assert client.post("/sign-in", data={"csrf": token[1], "password": PASSWORD}).status_code == 303
        yield client


def looks(lines: Iterator[str]) -> Iterator[str]:
    """Yield the parts of the page that a stream sends."""
    part: list[str] = []
    for line in lines:
        if line.startswith("data: "):
            part.append(line[6:])
        elif not line and part:
            yield "\n".join(part)
            part = []


def test_the_stream_sends_changes(lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    with console(tmp_path, redis_url, SLUICE_CONSOLE_PASSWORD=PASSWORD) as (url, _), signed_in(url) as browser:
        with browser.stream("GET", "/live/lanes-all") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            parts = looks(answer.iter_lines())
            first = next(part for part in parts if "text.greet" in part)
            assert 'data-label="Waiting">0<' in first
            lanes.push("text.greet", [entry()] * 7)
            assert any('data-label="Waiting">7<' in part for _, part in zip(range(6), parts, strict=False))
        assert browser.get("/live/nothing").status_code == 404


def test_a_shutdown_ends_open_streams(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    with console(tmp_path, redis_url, SLUICE_CONSOLE_PASSWORD=PASSWORD) as (url, program), signed_in(url) as browser:
        with browser.stream("GET", "/live/overview") as answer:
            lines = answer.iter_lines()
            next(lines)
            ended = threading.Event()

            def read() -> None:
                with contextlib.suppress(httpx.HTTPError):
                    for _ in lines:
                        pass
                ended.set()

            reader = threading.Thread(target=read)
            reader.start()
            assert program.stop(9) in {0, -signal.SIGTERM}
            assert ended.wait(5)
            reader.join()
        assert "Traceback" not in program.output


def test_signing_out_ends_the_stream(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    with (
        console(tmp_path, redis_url, SLUICE_CONSOLE_PASSWORD=PASSWORD) as (url, _),
        signed_in(url) as browser,
        browser.stream("GET", "/live/overview") as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        token = _TOKEN.search(browser.get("/").text)
        assert token is not None
        browser.post("/sign-out", data={"csrf": token[1]})
        assert sum(1 for _ in lines) < 1000  # it ends


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        (
            {"SLUICE_HOST": "0.0.0.0"},
            "SLUICE_HOST is 0.0.0.0, which other machines can reach: set SLUICE_CONSOLE_PASSWORD",
        ),
        ({"SLUICE_CONSOLE_PORT": "nine"}, "SLUICE_CONSOLE_PORT:"),
        ({"SLUICE_REDIS_URL": ""}, "SLUICE_REDIS_URL is not set"),
    ],
)
def test_invalid_settings_are_refused_with_a_message(tmp_path: Path, settings: dict[str, str], reported: str) -> None:
    found = run(python("-m", "workers.console"), tmp_path, **({"SLUICE_REDIS_URL": "redis://127.0.0.1:1/0"} | settings))
    assert found.returncode == 78
    assert reported in found.stderr


def test_it_starts_without_redis_and_says_so(tmp_path: Path) -> None:
    with console(tmp_path, f"redis://127.0.0.1:{free_port()}/0") as (url, _):
        until(lambda: "Redis has been unavailable since" in httpx.get(url, trust_env=False, timeout=20).text, within=20)
