"""What a killed worker held another takes over within 10 s, long before its lease ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import program, started
from tests.support.stack import Stack, stack
from tests.support.waiting import until
from tests.system.rows import post

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

TEXT = b'{"messages": {"id": "wamid.%b", "type": "text", "from": "919800000001", "text": {"body": "%b"}}}'


@pytest.fixture(scope="module")
def sluice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a second worker: where the only one is killed, all depends on how soon it is started again."""
    folder = tmp_path_factory.mktemp("takeover")
    handled = folder / "handled"
    handled.mkdir()
    worker = ["worker", "-c", "2", "--hostname", "second@%h", "--loglevel", "INFO"]
    command = [program("celery"), "--quiet", "-A", "workers", *worker]
    with stack(folder, SLUICE_HANDLERS="tests.system.handlers", HANDLED=str(handled)) as running:
        (folder / "second").mkdir()
        settings = {"HANDLED": str(handled)} | {
            name: value for name, value in running.environment.items() if name.startswith("SLUICE_")
        }
        with started(command, folder / "second", **settings) as second:
            second.has_said(" ready.", 60)
            until(lambda: " ready." in running.log.read_text(), within=60)
            yield running


def runs(sluice: Stack, wamid: str) -> list[str]:
    notes = sluice.folder / "handled" / f"m:text:wamid.{wamid}"
    return notes.read_text().split() if notes.exists() else []


def holder(sluice: Stack, wamid: str) -> tuple[int, list[int]]:
    """The worker whose process runs that event's handler: its main process, and all those of its pool."""
    pid = int((sluice.folder / "handled" / f"m:text:wamid.{wamid}.pid").read_text())
    parents = dict(processes())
    main = parents[pid]
    return main, [child for child, parent in parents.items() if parent == main]


def processes() -> Iterator[tuple[int, int]]:
    """All pids, with their parents'."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it ended meanwhile
            continue


def begun(sluice: Stack, wamid: bytes) -> None:
    """An event's handler runs, and does not end."""
    post(sluice, TEXT % (wamid, b"hang"))
    until(lambda: runs(sluice, wamid.decode()) == ["begun"])


def handled_within_10_s(sluice: Stack, wamid: str) -> bool:
    killed = time.monotonic()
    until(lambda: runs(sluice, wamid) == ["begun", "begun", "ended"], within=30)
    return time.monotonic() - killed < 10


def test_what_a_whole_killed_worker_held_is_handled_within_10_s(sluice: Stack) -> None:
    begun(sluice, b"worker")
    main, pool = holder(sluice, "worker")
    for pid in (main, *pool):
        os.kill(pid, signal.SIGKILL)
    assert handled_within_10_s(sluice, "worker")


def test_what_a_killed_pool_process_held_is_handled_within_10_s(sluice: Stack) -> None:
    until(lambda: sluice.sluice("status")["totals"]["in_flight"] == 0)
    begun(sluice, b"child")
    for pid in holder(sluice, "child")[1]:
        os.kill(pid, signal.SIGKILL)
    assert handled_within_10_s(sluice, "child")


def test_nothing_is_taken_from_a_handler_that_takes_its_time(sluice: Stack) -> None:
    begun(sluice, b"patient")
    # It takes longer than the silence that means death, while its heart beats.
    until(lambda: "ended" in runs(sluice, "patient"), within=40)
    assert runs(sluice, "patient") == ["begun", "ended"]
