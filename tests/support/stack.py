"""Everything as a user runs it: `sluice up`, and a stand-in for the media API. For the demo and the system tests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.support.programs import ROOT, free_port, program
from tests.support.waiting import until

_START_SECONDS = 60.0


class Stack(NamedTuple):
    """Where everything is."""

    url: str  # of the ingress
    folder: Path
    environment: dict[str, str]

    @property
    def console(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.environment['SLUICE_CONSOLE_PORT']}"

    @property
    def sqlite(self) -> Path:
        """The event store's file, where it is SQLite."""
        return self.folder / "var" / "sluice.db"

    @property
    def database(self) -> str:
        """The event store's address."""
        return self.environment.get("SLUICE_DATABASE_URL") or f"sqlite:///{self.sqlite}"

    @property
    def log(self) -> Path:
        """What `sluice up` and all it runs printed."""
        return self.folder / "up.log"

    def sluice(self, *arguments: str) -> Any:
        """The JSON that a `sluice` command prints."""
        command = [program("sluice"), *arguments, "--json"]
        answer = subprocess.run(command, env=self.environment, capture_output=True, check=True, timeout=30)
        return json.loads(answer.stdout)


@contextmanager
def stack(folder: Path, **settings: str) -> Iterator[Stack]:
    """Everything started and answering; stopped at the end. `settings` are environment variables."""
    with _media_api() as template:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "OTEL_"))}
        environment |= {
            "SLUICE_DATA_DIR": str(folder / "var"),
            "SLUICE_PORT": str(port),
            "SLUICE_CONSOLE_PORT": str(free_port()),
            "SLUICE_MEDIA_URL": template,
            "SLUICE_MEDIA_AUTH": "Authorization: Bearer demo",
            **settings,
        }
        started = Stack(f"http://127.0.0.1:{port}", folder, environment)
        with started.log.open("w") as log:
            process = subprocess.Popen([program("sluice"), "up"], cwd=ROOT, env=environment, stdout=log, stderr=log)
            try:
                _wait_ready(started, process)
                yield started
            finally:
                _stop(process)


def _wait_ready(started: Stack, process: "subprocess.Popen[bytes]") -> None:
    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(f"sluice up did not get ready:\n{started.log.read_text()[-3000:]}")
        try:
            return httpx.get(f"{started.url}/health/ready", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    until(ready, within=_START_SECONDS, every=0.1)


@contextmanager
def _media_api() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.media_api", "--auth", "Authorization: Bearer demo"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[Any]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


@contextmanager
def media_api() -> Iterator[str]:
    """The stand-in for the media API as a process, as the value of SLUICE_MEDIA_URL; see `stack` for its credential."""
    with _media_api() as template:
        yield template
