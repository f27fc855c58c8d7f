"""Reading a Procfile: `name: command` a line."""

import re
from pathlib import Path

from shared.errors import SluiceError

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")


class InvalidProcfile(SluiceError):
    """The Procfile is missing or has a line that is none."""


def read_procfile(path: Path) -> dict[str, str]:
    """Commands by name, in their order. Raises InvalidProcfile."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise InvalidProcfile(f"{path} cannot be read: {error.strerror}; run this in the folder that has it") from None
    except UnicodeDecodeError:
        raise InvalidProcfile(f"{path} is no text in UTF-8") from None
    commands: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise InvalidProcfile(f"{path}, line {number}: `name: command` is expected")
        if found[1] in commands:
            raise InvalidProcfile(f"{path}, line {number}: there is a {found[1]} already")
        commands[found[1]] = found[2]
    if not commands:
        raise InvalidProcfile(f"{path} names nothing to run")
    return commands
