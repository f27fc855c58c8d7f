"""Timing pages as a browser asks for them, from a console that runs as its users run it."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.programs.bench.pages.asked import Asked
from tests.support.programs import free_port, started
from tests.support.waiting import until

PASSWORD = "of the bench"
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Browser:
    """Somebody who is signed in."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._token = ""
        self.seconds(Asked("", "/sign-in"))
        self._http.post("/sign-in", data={"csrf": self._token, "password": PASSWORD, "next": "/"})
        self.seconds(Asked("", "/audit"))

    def seconds(self, asked: Asked) -> float:
        """From the request to the last byte of its page. Raises SystemExit where it is not answered well."""
        began = time.perf_counter()
        if asked.fields:
            answer = self._http.post(asked.path, data={"csrf": self._token, **dict(asked.fields)})
        else:
            answer = self._http.get(asked.path)
        took = time.perf_counter() - began
        if answer.status_code != 200:
            raise SystemExit(f"{asked.name}: {answer.status_code} {answer.text[-2000:]}")
        if found := _TOKEN.search(answer.text):
            self._token = found[1]
        return took

    def close(self) -> None:
        """Goes away."""
        self._http.close()


@contextmanager
def console(folder: Path, database: str, redis_url: str) -> Iterator[str]:
    """A console that runs; its address."""
    port = free_port()
    settings = {"SLUICE_DATABASE_URL": database, "SLUICE_REDIS_URL": redis_url, "SLUICE_CONSOLE_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "workers.console"]
    with started(command, folder, SLUICE_CONSOLE_PORT=str(port), SLUICE_DATA_DIR=str(folder), **settings) as program:
        url = f"http://127.0.0.1:{port}"
        until(lambda: program.process.poll() is not None or _answers(url), within=30, every=0.1)
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
