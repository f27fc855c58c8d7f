"""Load by wrk: the same webhook over and over, as fast as the server answers."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.programs.bench.context import OTHER_CORE, LeftOut

_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{body}]==]
"""


class Load(NamedTuple):
    """What wrk measured."""

    per_second: float
    requests: int
    errors: int  # answers other than 2xx, and broken connections


def load(port: int, body: bytes, folder: Path, *, seconds: int, connections: int = 64) -> Load:
    """Posts `body` to /webhooks. Raises LeftOut where wrk is not installed (Debian package `wrk`)."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LeftOut("it needs wrk: apt-get install wrk")
    script = folder / "post.lua"
    script.write_text(_SCRIPT.format(body=body.decode()))
    url = f"http://127.0.0.1:{port}/webhooks"
    command = ["taskset", "-c", OTHER_CORE, wrk, "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(script), url]
    return read(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def read(printed: str) -> Load:
    """What wrk printed. Raises ValueError where that is not what wrk prints."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    requests = re.search(r"(\d+) requests in", printed)
    if rate is None or requests is None:
        raise ValueError(f"wrk printed: {printed}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", printed)
    errors = (int(bad[1]) if bad else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(rate[1]), int(requests[1]), errors)
