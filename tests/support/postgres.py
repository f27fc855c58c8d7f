"""A real PostgreSQL server for tests, from the system's package (Debian: postgresql)."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TRIES = 5
_USER = "sluice"


def binaries() -> Path | None:
    """The folder of the newest installed server's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parent.parent.name))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def postgres() -> Iterator[str]:
    """A server in a temporary folder, on a free port of the loopback interface, as its postgresql+psycopg:// URL.

    The URL holds a password, so that tests can see to it that no message does. fsync is on. Raises
    FileNotFoundError where PostgreSQL is not installed.
    """
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or on PATH")
    password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="sluice-pg-") as folder:
        data = _initialised(programs, Path(folder), password)
        port = _start(programs, data)
        try:
            yield f"postgresql+psycopg://{_USER}:{password}@127.0.0.1:{port}/postgres"
        finally:
            _stop(programs, data)


def _initialised(programs: Path, folder: Path, password: str) -> Path:
    password_file, data = folder / "password", folder / "data"
    password_file.write_text(password)
    if user := _server_user():
        shutil.chown(folder, user)
        shutil.chown(password_file, user)
    auth = ("--auth=scram-sha-256", f"--pwfile={password_file}")
    _run(programs / "initdb", "-D", data, "-U", _USER, "-E", "UTF8", "--no-locale", "--no-sync", *auth)
    return data


def _start(programs: Path, data: Path) -> int:
    for attempt in range(1, _TRIES + 1):
        port = _free_port()
        # No Unix socket: the path of one may be too long, and none is needed.
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        try:
            _run(programs / "pg_ctl", "start", "-D", data, "-l", data / "log", "-w", "-o", options)
        except subprocess.CalledProcessError:  # somebody may have taken the port since it was free
            if attempt == _TRIES:
                raise
        else:
            return port
    raise AssertionError("unreachable")


def _stop(programs: Path, data: Path) -> None:
    """Also when it hangs; nothing to do when the test has stopped it."""
    for mode in ("fast", "immediate"):
        if (data / "postmaster.pid").exists():
            with suppress(subprocess.CalledProcessError):
                _run(programs / "pg_ctl", "stop", "-D", data, "-m", mode, "-w", "-t", "20")


def _run(*command: str | Path) -> None:
    """Without pipes: the server would inherit them and never let them close."""
    user = _server_user()
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(
        command,
        check=True,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: whom to run it as, where we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Restartable:
    """A server that can be killed and started again on the same folder and port."""

    def __init__(self, programs: Path, data: Path, port: int, url: str) -> None:
        self.url = url
        self._programs = programs
        self._data = data
        self._port = port

    def kill(self) -> None:
        """SIGKILL to the postmaster and all its processes, as when the machine fails."""
        postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        family = _family(postmaster)
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # A server does not start while one of the old ones still holds its shared memory.
        end = time.monotonic() + 10
        while any(_runs(pid) for pid in family) and time.monotonic() < end:
            time.sleep(0.02)
        # To the next one a dead process that nobody has waited for (in a container without an init) counts as running.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def start_cold(self) -> None:
        """Ends it well and starts it again with nothing of its files in memory, its own or the system's."""
        _stop(self._programs, self._data)
        for file in self._data.rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self.start()

    def start(self) -> None:
        """Returns once it has recovered and answers. Raises CalledProcessError."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        _run(self._programs / "pg_ctl", "start", "-D", self._data, "-l", self._data / "log", "-w", "-o", options)


@contextmanager
def restartable_postgres(port: int) -> Iterator[Restartable]:
    """As `postgres`, but it may be killed and started again on that port."""
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or on PATH")
    password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="sluice-pg-") as folder:
        data = _initialised(programs, Path(folder), password)
        url = f"postgresql+psycopg://{_USER}:{password}@127.0.0.1:{port}/postgres"
        server = Restartable(programs, data, port, url)
        server.start()
        try:
            yield server
        finally:
            _stop(programs, data)


def _family(postmaster: int) -> list[int]:
    found = [postmaster]
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == postmaster:
                found.append(int(folder.name))
    return found


def _runs(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
