"""The reference of the command line, from the Typer application."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from workers.cli.app import app

_HEAD = "| argument or option | meaning |\n| --- | --- |\n"


def sections() -> str:
    """Return one section for each command: its help, its usage, its arguments and options."""
    return "\n\n".join(_section(name, command) for name, command in leaves("sluice", get_command(app)))


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield (full name, command) for each command that has no commands of its own."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, inner in command.commands.items():
        yield from leaves(f"{name} {part}", inner)


def _section(name: str, command: Any) -> str:
    parameters = [parameter for parameter in command.params if parameter.name != "help" and not parameter.hidden]
    arguments = [parameter for parameter in parameters if _is_argument(parameter)]
    options = [parameter for parameter in parameters if not _is_argument(parameter)]
    usage = " ".join([name, *map(_argument, arguments), "[OPTIONS]"])
    rows = "\n".join(
        [f"| `{_argument(one)}` | {_help(one)} |" for one in arguments] + [_option(one) for one in options]
    )
    return f"## `{name}`\n\n```text\n{usage}\n```\n\n{command.help.strip()}\n\n{_HEAD}{rows}"


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def _option(parameter: Any) -> str:
    names = ", ".join(sorted(parameter.opts, key=len))
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.opts[0].removeprefix('--').upper()}"
    return f"| `{names}{value}` | {_help(parameter)} |".replace("TIME|AGE", "TIME\\|AGE")


def _help(parameter: Any) -> str:
    default = parameter.default
    shown = "" if default in (None, "", False, True) or callable(default) else f" Default: `{default}`."
    return str(parameter.help or "").replace("|", "\\|") + shown
