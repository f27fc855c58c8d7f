"""A disk that is really full: what was acknowledged stays readable, what is not is refused, and it recovers."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import python, run

#: A mount namespace of its own: the mount is nobody else's business and goes with the process. Needs root, or a kernel
#: that lets users have namespaces.
_UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def _may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = [*_UNSHARE, "mount", "-t", "tmpfs", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _outcome(command: list[str], folder: Path) -> list[Any]:
    done = run(command, folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    if not _may_mount(tmp_path):
        pytest.skip("no tmpfs can be mounted here: not root, and no user namespaces")
    folder = tmp_path / "spool"
    folder.mkdir()
    full, read_only = _outcome(
        [*_UNSHARE, *python("-m", "tests.support.spool.full_disk", "tmpfs", str(folder))], tmp_path
    )
    assert full["why"].endswith("its disk is full")
    assert full["trouble"] == "its disk is full"
    assert 300 < full["appended"] < 512
    assert full["kept"]
    assert full["torn"] == []
    assert full["segments"] == 1, "it goes on in the same segment when there is room again"
    assert read_only.endswith("its disk is read-only")


def test_a_file_that_may_not_grow_refuses_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    [full] = _outcome(python("-m", "tests.support.spool.full_disk", "limit", str(folder)), tmp_path)
    assert full["why"].endswith("its files have reached their maximum size")
    assert 80 < full["appended"] < 98
    assert full["kept"]
    assert full["torn"] == []
    assert full["segments"] == 1
