"""What a killed worker held is taken over within 10 s, long before its lease ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, stack
from tests.support.waiting import until
from tests.system.rows import post

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

TEXT = b'{"messages": {"id": "wamid.%b", "type": "text", "from": "919800000001", "text": {"body": "%b"}}}'


@pytest.fixture(scope="module")
def sluice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("takeover")
    handled = folder / "handled"
    handled.mkdir()
    with stack(folder, SLUICE_HANDLERS="tests.system.handlers", HANDLED=str(handled)) as running:
        yield running


def runs(sluice: Stack, wamid: str) -> list[str]:
    notes = sluice.folder / "handled" / f"m:text:wamid.{wamid}"
    return notes.read_text().split() if notes.exists() else []


def celery_processes(sluice: Stack) -> dict[int, int]:
    """Pids of the worker's processes, with their parents'."""
    mark = f"SLUICE_DATA_DIR={sluice.environment['SLUICE_DATA_DIR']}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() and b"celery" in (folder / "cmdline").read_bytes():
                found[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it ended meanwhile
            continue
    return found


def main_process(sluice: Stack) -> int:
    processes = celery_processes(sluice)
    return next(pid for pid, parent in processes.items() if parent not in processes)


def test_what_a_whole_killed_worker_held_is_handled_within_10_s(sluice: Stack) -> None:
    post(sluice, TEXT % (b"worker", b"hang"))
    until(lambda: runs(sluice, "worker") == ["begun"])
    for pid in celery_processes(sluice):
        os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: runs(sluice, "worker") == ["begun", "begun", "ended"], within=30)
    assert time.monotonic() - killed < 10


def test_what_a_killed_pool_process_held_is_handled_within_10_s(sluice: Stack) -> None:
    until(lambda: sluice.sluice("status")["totals"]["in_flight"] == 0)
    main = until(lambda: len(celery_processes(sluice)) == 3 and main_process(sluice))
    post(sluice, TEXT % (b"child", b"hang"))
    until(lambda: runs(sluice, "child") == ["begun"])
    for pid, parent in celery_processes(sluice).items():
        if parent == main:
            os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: runs(sluice, "child") == ["begun", "begun", "ended"], within=30)
    assert time.monotonic() - killed < 10


def test_nothing_is_taken_from_a_handler_that_takes_its_time(sluice: Stack) -> None:
    post(sluice, TEXT % (b"patient", b"hang"))
    until(lambda: runs(sluice, "patient") == ["begun"])
    begun = time.monotonic()
    # Longer than the silence that means death, while its heart beats.
    until(lambda: time.monotonic() - begun > 12, within=20)
    assert runs(sluice, "patient") == ["begun"]
    assert sluice.sluice("status")["totals"]["in_flight"] == 1
