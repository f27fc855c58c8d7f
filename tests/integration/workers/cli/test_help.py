"""What the commands say of themselves."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.support.cli.fixtures import Sluice
from tests.support.programs import program, run
from workers.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["up", "send", "status", "dead"]),
        (["up"], ["Procfile", "SLUICE_REDIS_URL", "--procfile"]),
        (["send"], ["--as-is", "--url", "--json"]),
        (["status"], ["--json", "--all", "--watch"]),
        (["doctor"], ["--json"]),
        (["events", "search"], ["--wamid", "--status", "--show-numbers"]),
        (["events", "show"], ["KEY", "--json"]),
        (["simulate"], ["--rate", "--duration", "--mix", "--duplicates", "--burst", "--seed"]),
        (["dead"], ["list", "show"]),
        (["dead", "list"], ["--lane", "--limit", "--json"]),
        (["dead", "show"], ["LANE/ID", "--json"]),
        (["dead", "replay"], ["LANE/ID", "--newer", "--json"]),
        (["dead", "discard"], ["LANE/ID", "--yes", "--json"]),
        (["dead", "export"], ["LANE/ID"]),
        (["replay"], ["--handler", "--dry-run", "--json"]),
        (["pause"], ["LANE", "--json"]),
        (["resume"], ["LANE", "--json"]),
        (["purge"], ["--customer", "--yes", "--json"]),
        (["health"], ["web", "worker"]),
        (["health", "web"], ["--json"]),
        (["health", "worker"], ["--any", "--liveness", "--json"]),
    ],
)
@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_every_command_explains_itself(sluice: Sluice, arguments: list[str], words: list[str], asked: str) -> None:
    result = sluice(*arguments, asked, port="wrong")  # help is for those whose settings are wrong, too

    assert (result.exit_code, result.stderr) == (0, "")
    assert [word for word in words if word not in result.stdout] == []


def _commands(group: Any, *above: str) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *above, name)
        else:
            yield [*above, name]


COMMANDS = list(_commands(typer.main.get_group(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_gives_an_example_of_itself(sluice: Sluice, command: list[str]) -> None:
    words = sluice(*command, "--help").stdout.split()
    said = " ".join(words[words.index("Usage:") + 2 + len(command) :])

    assert f"sluice {' '.join(command)}" in said


def test_there_are_as_many_commands_as_there_should_be() -> None:
    assert len(COMMANDS) == 18


def test_the_exit_codes_are_reported(sluice: Sluice) -> None:
    reported = " ".join(sluice("--help").stdout.split())

    assert (
        "0 success or healthy, 1 failure or unhealthy, 2 invalid usage, 69 Redis, the database or the ingress"
        in reported
    )
    assert "78 invalid settings, 130 interrupted." in reported


def test_what_is_not_to_be_installed_from_there_is_not_offered(sluice: Sluice) -> None:
    assert "--install-completion" in sluice("--help").stdout
    assert "--install-completion" not in run([program("sluice"), "health", "--help"], Path.cwd()).stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["send", "text", "--nonsense"], ["dead", "list", "--limit", "0"]])
def test_what_is_not_understood_is_an_error_of_usage(sluice: Sluice, arguments: list[str]) -> None:
    result = sluice(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


def test_the_version_is_that_of_the_distribution(sluice: Sluice) -> None:
    result = sluice("--version", port="wrong")

    assert (result.exit_code, result.stdout) == (0, f"sluice {version('sluice-webhooks')}\n")


@pytest.mark.parametrize("command", ["list", "export"])
def test_an_option_without_effect_is_accepted_but_not_shown(sluice: Sluice, redis_url: str, command: str) -> None:
    assert sluice("dead", command, "--all", redis_url=redis_url).exit_code == 0
    assert "--all" not in sluice("dead", command, "--help").stdout
    assert "--all" in sluice("dead", "replay", "--help").stdout


def test_the_console_script_is_there(tmp_path: Path) -> None:
    ended = run([program("sluice"), "--help"], tmp_path)

    assert ended.returncode == 0
    assert "Receive WhatsApp webhooks" in ended.stdout
