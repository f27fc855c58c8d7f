"""`sluice up` in a folder, with a Procfile of small commands."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.programs import Program, program, started
from tests.support.waiting import until

#: Says when it runs, and after SIGTERM whether Redis is still there, again and again, for a while.
_COMMAND = """
import os, signal, sys, time
import redis

name, notes = sys.argv[1:3]
client = redis.Redis.from_url(os.environ["SLUICE_REDIS_URL"])

def note(text):
    with open(notes, "a") as file:
        file.write(f"{name} {text}\\n")

def end(*_):
    until = time.monotonic() + 0.25
    while time.monotonic() < until:
        client.ping()
        time.sleep(0.02)
    note("had redis until its end")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
client.rpush("started", name)
note(f"runs {os.getpid()}")
print(name, "is up", flush=True)
while True:
    time.sleep(60)
"""


class Up:
    """A running `sluice up`, what its commands noted, and its Redis."""

    def __init__(self, started: Program, folder: Path, data: Path) -> None:
        self.program = started
        self.notes_file = folder / "notes"
        self.url_file = data / "valkey" / "url"

    @property
    def notes(self) -> list[str]:
        """What the commands noted."""
        return self.notes_file.read_text().splitlines() if self.notes_file.exists() else []

    def runs(self, name: str) -> list[int]:
        """The process ids of a command, from its first start to its last."""
        return [int(line.split()[2]) for line in self.notes if line.startswith(f"{name} runs ")]

    def wait_for(self, *names: str) -> None:
        """Until each of them runs."""
        until(lambda: all(map(self.runs, names)) or self.program.process.poll() is not None, within=30)
        assert all(map(self.runs, names)), self.program.output

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        """A client of its Redis."""
        until(self.url_file.exists)
        with redis.Redis.from_url(until(self.url_file.read_text).strip()) as client:
            yield client

    def end_what_is_left(self) -> None:
        """Ends the commands that outlived it; an id that is somebody else's by now is left alone."""
        pids = [int(line.split()[2]) for line in self.notes if " runs " in line]
        for pid in pids:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cwd").readlink() == self.notes_file.parent:
                    kill(pid)

    def valkey_pid(self) -> int:
        """The server's process."""
        with self.redis() as client:
            return int(client.info("server")["process_id"])

    def ends(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal; the exit code."""
        self.program.process.send_signal(number)
        return self.program.process.wait(20)


@contextmanager
def up(
    folder: Path, commands: Mapping[str, str] | None = None, data: Path | None = None, **settings: str
) -> Iterator[Up]:
    """`sluice up` with these commands; by default `one` and `two`, which note what happens to them."""
    (folder / "command.py").write_text(_COMMAND)
    lines = commands or {name: noting(name) for name in ("one", "two")}
    (folder / "Procfile").write_text("".join(f"{name}: {command}\n" for name, command in lines.items()))
    data = data or folder / "var"
    with started([program("sluice"), "up"], folder, SLUICE_DATA_DIR=str(data), **settings) as running:
        found = Up(running, folder, data)
        try:
            yield found
        finally:
            if running.process.poll() is not None:  # else it ends them itself
                found.end_what_is_left()


def noting(name: str) -> str:
    """A command that notes when it runs and how it ended."""
    return f"python command.py {name} notes"


def alive(pid: int) -> bool:
    """Whether that process runs; one that only waits for its parent to notice its death does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def parent(pid: int) -> int:
    """Whose child that process is."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill(pid: int) -> None:
    """SIGKILL to one process."""
    os.kill(pid, signal.SIGKILL)
