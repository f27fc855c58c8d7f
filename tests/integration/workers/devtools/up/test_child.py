"""One command of the Procfile: started again, slower and slower, and ended for good."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.cli.upping import alive
from tests.support.waiting import until
from workers.devtools.up.child import ChildProcess, RestartPolicy

pytestmark = pytest.mark.anyio


class _Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        assert name == "it"
        self.lines.append(line)
        self._news.set()

    async def has(self, start: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while sum(line.startswith(start) for line in self.lines) < times:
                self._news.clear()
                await self._news.wait()


_QUICK = RestartPolicy(min_delay=0.01, max_delay=0.05)


def _child(command: str, screen: _Screen, *, stop_timeout: float = 5.0) -> ChildProcess:
    return ChildProcess("it", command, os.environ, screen, stop_timeout)


async def _run_until(
    command: str, screen: _Screen, start: str, times: int = 1, restart: RestartPolicy = _QUICK
) -> bool:
    it = ChildProcess("it", command, os.environ, screen, 5.0, restart)
    running = asyncio.create_task(it.run())
    await screen.has(start, times)
    it.stop()
    return await asyncio.wait_for(running, 10)


async def test_it_is_started_again_slower_and_slower_up_to_a_limit() -> None:
    screen = _Screen()
    assert await _run_until("sh -c 'exit 3'", screen, "ended", 5)

    assert screen.lines[:5] == [
        f"ended with exit code 3; restarting in {wait} s" for wait in ("0.02", "0.04", "0.05", "0.05", "0.05")
    ]


async def test_after_a_long_life_it_is_started_again_soon() -> None:
    screen = _Screen()
    await _run_until("true", screen, "ended", 3, _QUICK._replace(stable_after=0.0))

    assert screen.lines[:3] == ["ended with exit code 0; restarting in 0.01 s"] * 3


async def test_it_is_reported_which_signal_ended_it() -> None:
    screen = _Screen()
    await _run_until("sh -c 'kill -SEGV $$'", screen, "ended with SIGSEGV")


async def test_wrong_settings_are_not_tried_again() -> None:
    screen = _Screen()
    assert await asyncio.wait_for(_child("sh -c 'echo wrong; exit 78'", screen).run(), 10) is False
    assert screen.lines == ["wrong"]


async def test_a_command_that_is_none_is_tried_again() -> None:
    screen = _Screen()
    await _run_until("no-such-command-at-all", screen, "ended with exit code 127")


async def test_what_a_dead_command_left_behind_is_ended_before_it_starts_again(tmp_path: Path) -> None:
    # Left behind, it would hold the port; and its end of the pipe would keep us from seeing that the rest is dead.
    screen = _Screen()
    await _run_until(f"sh -c 'sleep 600 & echo $! >>{tmp_path}/pids; exit 1'", screen, "ended", 3)

    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) >= 3
    until(lambda: not any(map(alive, pids)))


async def test_what_escapes_into_a_group_of_its_own_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    screen = _Screen()
    try:
        await _run_until(f"sh -c 'setsid sleep 600 & echo $! >{tmp_path}/pid; exit 1'", screen, "ended")
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_every_line_is_passed_on_however_odd() -> None:
    screen = _Screen()
    script = r"printf 'one\n\n\377 two\nlast words'; exit 78"
    await asyncio.wait_for(_child(f'sh -c "{script}"', screen).run(), 10)
    assert screen.lines == ["one", "", "\ufffd two", "last words"]


async def test_a_line_without_end_does_not_fill_the_memory() -> None:
    screen = _Screen()
    await asyncio.wait_for(_child("sh -c 'yes x | tr -d \"\\n\" | head -c 1000000; exit 78'", screen).run(), 10)

    assert sum(map(len, screen.lines)) == 1_000_000
    assert len(screen.lines) > 5


async def test_when_stopped_while_it_waits_it_does_not_start_again() -> None:
    screen = _Screen()
    began = asyncio.get_running_loop().time()
    assert await _run_until("false", screen, "ended with exit code 1", restart=RestartPolicy(min_delay=30.0))

    assert asyncio.get_running_loop().time() - began < 10  # it did not wait to the end
    assert len(screen.lines) == 1


@pytest.mark.parametrize("turns", range(6))
async def test_when_stopped_while_it_is_being_started_it_ends(turns: int) -> None:
    screen = _Screen()
    it = _child("sleep 600", screen)
    running = asyncio.create_task(it.run())
    for _ in range(turns):
        await asyncio.sleep(0)
    it.stop()

    assert await asyncio.wait_for(running, 10) is True
    assert screen.lines == []


async def test_one_that_ignores_sigterm_is_killed_when_the_timeout_ends() -> None:
    screen = _Screen()
    it = _child("sh -c \"trap '' TERM; echo up; while true; do sleep 600; done\"", screen, stop_timeout=0.1)
    running = asyncio.create_task(it.run())
    await screen.has("up")
    it.stop()

    assert await asyncio.wait_for(running, 10) is True
    assert screen.lines == ["up", "did not end within 0.1 s and is killed"]
