"""`sluice up`: everything of the Procfile in the foreground."""

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shared.errors import InvalidSettings, SluiceError
from shared.settings import Settings
from shared.startup import exit_with
from workers.cli.common import address, fail, settings
from workers.devtools.up import procfile
from workers.devtools.up.runner import run

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


def up(
    file: Annotated[Path, typer.Option("--procfile", "-f", help="What to run.")] = Path("Procfile"),
) -> None:
    """Start everything in the Procfile, and start again what dies, until Ctrl-C or SIGTERM.

    Where SLUICE_REDIS_URL is not set, a Valkey server of its own runs beside it, its data in SLUICE_DATA_DIR. The
    terminal may be closed: that ends it too, in order, and under `nohup` it goes on.

    Examples:

    - `sluice up`
    - `SLUICE_HANDLERS=my_handlers sluice up`
    """
    found = settings()
    os.umask(0o077)  # customers' messages are in the data folder
    try:
        found.require_secret_unless_loopback()
        commands = procfile.read_procfile(file)
        _banner(found, commands)
        code = asyncio.run(run(found, commands, _printer(list(commands))))
    except InvalidSettings as error:
        exit_with(error)
    except SluiceError as error:
        fail(str(error))
    raise typer.Exit(code)


def _banner(found: Settings, commands: dict[str, str]) -> None:
    typer.echo(f"Sluice takes webhooks at {address(found)}/webhooks")
    if any("workers.console" in command for command in commands.values()):
        typer.echo(f"Its console is at {address(found, found.console_port)}")
    typer.echo("In another terminal: `sluice send text`, then `sluice status`. Ctrl-C stops everything.")


class _Printer:
    def __init__(self, names: list[str]) -> None:
        self._console = Console(width=max(shutil.get_terminal_size().columns, 80), soft_wrap=True)
        self._width = max(len(name) for name in [*names, "redis"])
        self._colours = dict(zip(names, _COLOURS * len(names), strict=False))

    def __call__(self, name: str, line: str) -> None:
        head = Text(f"{name:<{self._width}} | ", style=self._colours.get(name, "bold"))
        with suppress(OSError):  # the terminal is gone
            self._console.print(head + Text.from_ansi(line), highlight=False)


def _printer(names: list[str]) -> _Printer:
    return _Printer(names)
