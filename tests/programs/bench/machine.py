"""Processes on chosen cores, and what they use."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis

from tests.support.programs import ROOT, clean_environment

_TICKS = os.sysconf("SC_CLK_TCK")
Process = subprocess.Popen[bytes]


@contextmanager
def running(
    command: Sequence[str], cores: str, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Process]:
    """A process on those cores (as `taskset -c` takes them), in a session of its own, all of which is ended."""
    out = log.open("wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(
        ["taskset", "-c", cores, *command],
        env=clean_environment(**(environment or {})),
        cwd=log.parent if log else ROOT,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):  # what did not end, and what it left behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(out, int):
            out.close()


def wait_for_port(port: int, process: Process, seconds: float = 30.0) -> None:
    """Returns once somebody listens there. Raises SystemExit where nobody does, or the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens at port {port}: {process.args!r} did not start")


def pin(pid: int, cores: str) -> None:
    """Moves a process that runs already, with all its threads, to those cores."""
    wanted = {int(core) for core in cores.split(",")}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), wanted)


def server_pid(client: Redis) -> int:
    """The process of a Redis on this machine."""
    return int(client.info("server")["process_id"])


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of that process and all others of its session (see `running`)."""
    return sum(_cpu_ticks(stat) for stat in _stats() if _session(stat) == pid or _pid(stat) == pid) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """CPU time of that process and its children, those that ended since included."""
    return sum(_cpu_ticks(stat) for stat in _stats() if _pid(stat) == pid or _parent(stat) == pid) / _TICKS


def parent(pid: int) -> int:
    """The parent of a process. Raises OSError where there is none of that id."""
    return _parent(Path(f"/proc/{pid}/stat").read_text())


def resident_bytes(pid: int) -> int:
    """Resident memory of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def _stats() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            yield (folder / "stat").read_text()


def _pid(stat: str) -> int:
    return int(stat.split(" ", 1)[0])


def _fields(stat: str) -> list[str]:
    return stat.rsplit(")", 1)[1].split()  # the name before may hold anything


def _parent(stat: str) -> int:
    return int(_fields(stat)[1])


def _session(stat: str) -> int:
    return int(_fields(stat)[3])


def _cpu_ticks(stat: str) -> int:
    return sum(map(int, _fields(stat)[11:15]))  # its own, and that of its children that ended
