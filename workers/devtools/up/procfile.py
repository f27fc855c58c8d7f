"""The processes that `sluice up` starts: those of a Procfile (`name: command` per line), or the built-in list."""

import re
from pathlib import Path

from shared.errors import SluiceError

#: The commands that run without a Procfile. The Procfile of the repository has the same.
DEFAULT_COMMANDS = {
    "web": "python -m ingress",
    "worker": "celery --quiet -A workers worker --concurrency 2 --loglevel INFO",
    "console": "python -m workers.console",
}
_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")


class InvalidProcfile(SluiceError):
    """The Procfile cannot be read, or a line of it is not `name: command`."""


def read_procfile(path: Path) -> dict[str, str]:
    """Return the commands by name, in the order of the file. Raises InvalidProcfile."""
    commands: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise InvalidProcfile(f"{path}, line {number}: expected `name: command`")
        name, command = match.groups()
        if name in commands:
            raise InvalidProcfile(f"{path}, line {number}: duplicate name {name}")
        commands[name] = command
    if not commands:
        raise InvalidProcfile(f"{path} has no commands")
    return commands


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError as error:
        raise InvalidProcfile(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidProcfile(f"{path} is not UTF-8 text") from None
