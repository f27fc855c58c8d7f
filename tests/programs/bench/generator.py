"""Load by our own generator, generator.c: every webhook different, and on schedule where a rate is given.

wrk knows no schedule, so its latencies leave out what a stalled server kept waiting; wrk2, which does, is not packaged.
"""

import json
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.programs.bench.context import OTHER_CORE, LeftOut

_SOURCE = Path(__file__).with_suffix(".c")


class Sent(NamedTuple):
    """What the generator measured; latencies in microseconds."""

    sent: int
    answered: int
    errors: int  # answers other than 2xx, and broken connections
    seconds: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


def build(folder: Path) -> Path:
    """The compiled generator. Raises LeftOut where there is no C compiler."""
    program = folder / "generator"
    if not program.exists():
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise LeftOut("it needs a C compiler: apt-get install gcc libc6-dev")
        subprocess.run([compiler, "-O2", "-o", program, _SOURCE], check=True)
    return program


def write_bodies(file: Path, bodies: Iterable[bytes]) -> Path:
    """The file that the generator reads."""
    with file.open("wb") as out:
        for body in bodies:
            out.write(struct.pack("<I", len(body)) + body)
    return file


def command(
    program: Path,
    port: int,
    bodies: Path,
    *,
    count: int = 0,
    rate: float = 0.0,
    seconds: float = 0.0,
    connections: int = 64,
    cores: str = OTHER_CORE,
) -> list[str]:
    """Posts to /webhooks: `count` requests or for `seconds`; at `rate` a second, or as fast as they are answered."""
    options = (str(port), "/webhooks", str(bodies), str(connections), str(count), str(rate), str(seconds))
    return ["taskset", "-c", cores, str(program), *options]


def run(line: list[str]) -> Sent:
    """Runs that command to its end."""
    return read(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


def read(printed: str) -> Sent:
    """What the generator printed."""
    return Sent(**json.loads(printed))
