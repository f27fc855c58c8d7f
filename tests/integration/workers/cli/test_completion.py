"""What a shell completes: lanes and kinds of samples, and nothing where there is nothing to ask."""

from pathlib import Path

import pytest

from tests.support.programs import program, run
from workers.lanes import Lanes


def _completed(folder: Path, line: str, **settings: str) -> list[str]:
    """What bash is offered for the last word of the line."""
    asked = {"_SLUICE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    ended = run([program("sluice")], folder, **asked, **settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split()


@pytest.mark.parametrize("command", ["pause", pytest.param("resume", marks=pytest.mark.long)])
def test_lanes_are_completed(tmp_path: Path, lanes: Lanes, redis_url: str, command: str) -> None:
    assert _completed(tmp_path, f"sluice {command} text.", SLUICE_REDIS_URL=redis_url) == ["text.greet", "text.store"]


def test_kinds_of_samples_are_completed(tmp_path: Path) -> None:
    assert _completed(tmp_path, "sluice send text") == ["text", "text-reply"]


def test_commands_are_completed(tmp_path: Path) -> None:
    assert _completed(tmp_path, "sluice pa") == ["pause"]
    assert _completed(tmp_path, "sluice health w") == ["web", "worker"]


@pytest.mark.parametrize(
    "url",
    ["", pytest.param("redis://127.0.0.1:1", marks=pytest.mark.long), pytest.param("nonsense", marks=pytest.mark.long)],
)
def test_without_redis_nothing_is_offered_and_nothing_is_said(tmp_path: Path, url: str) -> None:
    assert _completed(tmp_path, "sluice pause text.", SLUICE_REDIS_URL=url) == []
