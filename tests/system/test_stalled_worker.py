"""A worker that takes no messages any more, with everything as a user runs it: another takes its place."""

from pathlib import Path

import pytest

from tests.support.stack import stack
from tests.support.waiting import until
from tests.system.rows import post, wait_for_row

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

_TEXT = b'{"messages": {"id": "wamid.%b", "type": "text", "from": "919800000001", "text": {"body": "%b"}}}'


def test_the_only_worker_stalls_and_lanes_go_on_by_themselves(tmp_path: Path) -> None:
    stall, notes = tmp_path / "stall", tmp_path / "notes"
    notes.touch()
    handlers = {"SLUICE_HANDLERS": "tests.workers.stalling_handlers", "STALL": str(stall), "NOTES": str(notes)}
    with stack(tmp_path, **handlers) as sluice:
        post(sluice, _TEXT % (b"before", b"before"))
        wait_for_row(sluice, "messages", 30, wamid="wamid.before")
        assert sluice.sluice("health", "worker")["well"]
        stall.write_text("mute")
        until(lambda: "stalls: mute" in notes.read_text())
        stall.unlink()  # the next one is as it should be
        post(sluice, _TEXT % (b"after", b"after"))
        wait_for_row(sluice, "messages", 60, wamid="wamid.after")
        assert "ended with exit code 1; starting it again" in sluice.log.read_text()
        assert sluice.sluice("health", "worker")["well"]
