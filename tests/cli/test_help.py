"""What the commands say of themselves."""

from pathlib import Path

import pytest

from tests.cli.conftest import Sluice
from tests.support.programs import program, run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["up", "send", "status", "dead"]),
        (["up"], ["Procfile", "SLUICE_REDIS_URL", "--procfile"]),
        (["send"], ["--as-is", "--url", "--json"]),
        (["status"], ["--json", "--all", "--watch"]),
        (["doctor"], ["--json", "For example"]),
        (["events", "search"], ["--wamid", "--status", "--show-numbers", "For example"]),
        (["events", "show"], ["KEY", "--json"]),
        (["simulate"], ["--rate", "--duration", "--mix", "--duplicates", "--burst", "--seed", "For example"]),
        (["dead"], ["list", "show"]),
        (["dead", "list"], ["--lane", "--limit", "--json"]),
        (["dead", "show"], ["LANE/ID", "--json"]),
    ],
)
@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_every_command_explains_itself(sluice: Sluice, arguments: list[str], words: list[str], asked: str) -> None:
    result = sluice(*arguments, asked, port="wrong")  # help is for those whose settings are wrong, too

    assert (result.exit_code, result.stderr) == (0, "")
    assert [word for word in words if word not in result.stdout] == []


@pytest.mark.parametrize("arguments", [["nonsense"], ["send", "text", "--nonsense"], ["dead", "list", "--limit", "0"]])
def test_what_is_not_understood_is_an_error_of_usage(sluice: Sluice, arguments: list[str]) -> None:
    result = sluice(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


def test_the_console_script_is_there(tmp_path: Path) -> None:
    ended = run([program("sluice"), "--help"], tmp_path)

    assert ended.returncode == 0
    assert "WhatsApp webhooks" in ended.stdout
