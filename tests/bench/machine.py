"""Processes on chosen cores, and the load generator."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{body}]==]
"""


class Load(NamedTuple):
    """What wrk measured."""

    per_second: float
    errors: int  # answers other than 2xx, and broken connections


@contextmanager
def running(
    command: Sequence[str], cores: str, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process on those cores (as `taskset -c` takes them), ended at the end."""
    out = log.open("wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(
        ["taskset", "-c", cores, *command],
        env={**os.environ, **(environment or {})},
        stdout=out,
        stderr=out,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Returns once somebody listens there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens at port {port}")


def load(url: str, body: bytes, folder: Path, *, cores: str, seconds: int, connections: int = 64) -> Load:
    """Posts `body` as fast as the server answers. Needs wrk (Debian package `wrk`)."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("the bench needs wrk: apt-get install wrk")
    script = folder / "post.lua"
    script.write_text(_SCRIPT.format(body=body.decode()))
    command = ["taskset", "-c", cores, wrk, "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(script), url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", answer)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", answer)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", answer)
    assert rate is not None, answer
    errors = int(bad[1]) if bad else 0
    return Load(float(rate[1]), errors + (sum(map(int, broken.groups())) if broken else 0))
