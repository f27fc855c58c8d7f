"""A command on a terminal, where colours and control characters are not taken out of what it prints."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from tests.support.programs import clean_environment, program


def on_a_terminal(folder: Path, *arguments: str, columns: int = 200, **settings: str) -> str:
    """All that `sluice …` shows on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    command = [program("sluice"), *arguments]
    environment = clean_environment(TERM="xterm-256color", **settings)
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        process.wait(30)
    os.close(ours)
    return shown.decode(errors="replace").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""
