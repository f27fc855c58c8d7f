"""`sluice status --watch`, and colours."""

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.support.cli.fixtures import Sluice, bury
from tests.support.programs import clean_environment, program
from tests.support.waiting import until
from workers.cli.status import live_display
from workers.lanes import DeadLettered, Lanes, LaneSpec
from workers.lanes.dead_letter_queue import DeadLetterQueue


def test_watching_shows_what_changes_and_ends_by_ctrl_c(tmp_path: Path, lanes: Lanes, redis_url: str) -> None:
    lanes.push("intake", [b"1"])
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    environment = clean_environment(TERM="xterm-256color", SLUICE_REDIS_URL=redis_url)
    command = [program("sluice"), "status", "--watch"]
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                shown.append(os.read(ours, 65536))
            except OSError:  # the other side is closed
                return

    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        until(lambda: b"1 waiting" in b"".join(shown), within=20)
        lanes.push("intake", [b"2"])
        until(lambda: b"2 waiting" in b"".join(shown), within=20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        reader.join()
    os.close(ours)
    text = b"".join(shown)
    assert b"Traceback" not in text
    assert text.rstrip().endswith(b"\x1b[?25h")  # the cursor is there again


def test_on_a_small_screen_what_matters_most_is_at_the_top(lanes: Lanes) -> None:
    for name in ("a.done", "b.done", "text.greet", "z.dead"):
        lanes.register([LaneSpec(name, "messages", 10, 60_000)])
        bury(lanes, name, b"x", DeadLettered("rejected", "no"))
    DeadLetterQueue(lanes.client).discard("a.done", [_letter(lanes, "a.done")])
    DeadLetterQueue(lanes.client).discard("b.done", [_letter(lanes, "b.done")])
    screen = Console(file=io.StringIO(), width=120)
    screen.print(live_display(lanes.client, everything=False))
    first, _, *rows = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert first.startswith("0 waiting, 0 in flight, 0 to be retried, 2 dead in ")
    assert [row.split()[0] for row in rows] == ["text.greet", "z.dead", "a.done", "b.done"]


def _letter(lanes: Lanes, lane: str) -> str:
    found: Any = lanes.client.xrange(f"sluice:lane:{lane}:dead", count=1)
    return str(found[0][0].decode())


def test_watching_is_not_for_programs(sluice: Sluice, redis_url: str) -> None:
    assert sluice("status", "--watch", "--json", redis_url=redis_url).exit_code == 2


def test_watching_without_redis_is_one_line(sluice: Sluice) -> None:
    result = sluice("status", "--watch", redis_url="redis://127.0.0.1:1/0")
    assert (result.exit_code, len(result.stderr.splitlines())) == (69, 1)


def test_no_color_is_honoured(tmp_path: Path, redis_url: str) -> None:
    command = [program("sluice"), "doctor"]
    for no_color in (False, True):
        ours, theirs = pty.openpty()
        environment = clean_environment(TERM="xterm-256color", SLUICE_REDIS_URL=redis_url)
        environment |= {"NO_COLOR": "1"} if no_color else {}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            text = b""
            while True:
                try:
                    text += os.read(ours, 65536)
                except OSError:
                    break
            process.wait(20)
        os.close(ours)
        assert (b"\x1b[32m" in text, b"\x1b[1;31m" in text) == (not no_color, not no_color)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_each_shell_is_printed(sluice: Sluice, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    # Typer otherwise looks for a shell among the processes that started this one, and ignores the one that is named.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")

    result = sluice("--show-completion", shell)

    assert (result.exit_code, "sluice" in result.stdout.lower()) == (0, True)
