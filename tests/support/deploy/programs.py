"""Starting the programs that `deploy/` configures: for real, on loopback, in a temporary folder."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"


def missing(reason: str) -> NoReturn:
    """Skips the test; with REQUIRE_DEPLOY=1, as where everything must be checked, it fails instead."""
    if os.environ.get("REQUIRE_DEPLOY") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str, package: str) -> str:
    """Its path. Without it the test is skipped, or fails."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return found or missing(f"{name} is not here (Debian package {package})")


def render(file: Path, changes: Mapping[str, str]) -> str:
    """A file's text with each old text replaced, which must occur exactly once: a test must not change another line."""
    text = file.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, f"{file.name} holds {text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(args: Sequence[str | Path], output: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The program, listening on the port; killed at the end if it does not stop on its own."""
    with output.open("ab") as file:
        process = subprocess.Popen([str(arg) for arg in args], stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, output.read_text()
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
