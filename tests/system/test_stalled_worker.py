"""A worker that takes no messages any more, with everything as a user runs it: another takes its place."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.stack import Stack, stack
from tests.support.waiting import until
from tests.system.rows import post, wait_for_row

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

_TEXT = b'{"messages": {"id": "wamid.%b", "type": "text", "from": "919800000001", "text": {"body": "%b"}}}'


def _is_well(sluice: Stack) -> bool:
    with suppress(subprocess.CalledProcessError):  # its exit code is 1 where it is not
        return bool(sluice.sluice("health", "worker")["well"])
    return False


def test_the_only_worker_stalls_and_lanes_go_on_by_themselves(tmp_path: Path) -> None:
    stall, notes = tmp_path / "stall", tmp_path / "notes"
    notes.touch()
    handlers = {"SLUICE_HANDLERS": "tests.support.runtime.stalling_handlers", "STALL": str(stall), "NOTES": str(notes)}
    with stack(tmp_path, **handlers) as sluice:
        post(sluice, _TEXT % (b"before", b"before"))
        wait_for_row(sluice, "messages", 30, wamid="wamid.before")
        until(lambda: _is_well(sluice), every=0.2)
        stall.write_text("mute")
        until(lambda: "stalls: mute" in notes.read_text())
        stall.unlink()  # the next one is as it should be
        post(sluice, _TEXT % (b"after", b"after"))
        wait_for_row(sluice, "messages", 60, wamid="wamid.after")
        assert "ended with exit code 1; restarting in" in sluice.log.read_text()
        until(lambda: _is_well(sluice), every=0.2)
