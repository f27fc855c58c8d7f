"""`sluice up`: run everything in the foreground."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shared.errors import InvalidSettings, SluiceError
from shared.settings import Settings
from shared.startup import exit_with
from workers.cli.common import fail, ingress_url, load_settings
from workers.devtools.up.procfile import DEFAULT_COMMANDS, read_procfile
from workers.devtools.up.runner import require_redis, run
from workers.operations.hidden_packages import ADVICE, describe_hidden, hidden_packages

_COLORS = ("cyan", "green", "magenta", "yellow", "blue")
_PROCFILE = Path("Procfile")
_MIN_WIDTH = 80  # columns


def up(
    procfile: Annotated[
        Path | None,
        typer.Option(
            "--procfile", "-f", help="Commands to run. By default ./Procfile, or without it the built-in list."
        ),
    ] = None,
) -> None:
    """Start ingress, worker and console, restart what dies, and stop everything on Ctrl-C or SIGTERM.

    A Procfile in this folder replaces the built-in list of processes. Unless SLUICE_REDIS_URL is set, a Valkey server
    runs too, with its data in SLUICE_DATA_DIR. Closing the terminal also stops everything in order; under `nohup` it
    keeps running.

    Examples:

    - `sluice up`
    - `SLUICE_HANDLERS=my_handlers sluice up`
    """
    settings = load_settings()
    os.umask(0o077)  # customers' messages are in the data folder
    try:
        settings.require_secret_unless_loopback()
        require_redis(settings)
        commands = _commands(procfile)
        _print_banner(settings, commands)
        code = asyncio.run(run(settings, commands, _Output(commands)))
    except InvalidSettings as error:
        exit_with(error)
    except SluiceError as error:
        fail(str(error))
    raise typer.Exit(code)


def _commands(procfile: Path | None) -> dict[str, str]:
    """Return the commands to run by name. Raises InvalidProcfile."""
    if procfile is None and not _PROCFILE.exists():
        return DEFAULT_COMMANDS
    return read_procfile(procfile or _PROCFILE)


def _print_banner(settings: Settings, commands: Mapping[str, str]) -> None:
    typer.echo(f"Sluice takes webhooks at {ingress_url(settings)}/webhooks")
    if any("workers.console" in command for command in commands.values()):
        typer.echo(f"Its console is at {ingress_url(settings, settings.console_port)}")
    if hidden := hidden_packages(Path.cwd()):
        typer.echo(f"{describe_hidden(hidden)}; {ADVICE}")
    typer.echo("In another terminal: `sluice send text`, then `sluice status`. Ctrl-C stops everything.")


class _Output:
    """Print lines of output, each after the name of its process in a color of its own."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        names = list(commands)
        self._console = Console(width=max(shutil.get_terminal_size().columns, _MIN_WIDTH), soft_wrap=True)
        self._width = max(len(name) for name in [*names, "redis"])
        self._colors = dict(zip(names, _COLORS * len(names), strict=False))

    def __call__(self, name: str, line: str) -> None:
        head = Text(f"{name:<{self._width}} | ", style=self._colors.get(name, "bold"))
        with suppress(OSError):  # the terminal is gone
            self._console.print(head + Text.from_ansi(line), highlight=False)
