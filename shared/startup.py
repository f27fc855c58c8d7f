"""How a program of Sluice ends when an operator must act."""

import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

from shared.errors import InvalidSettings

_T = TypeVar("_T")
#: Exit code for wrong settings (EX_CONFIG of sysexits.h): starting again would not help.
EXIT_INVALID_SETTINGS = 78


def exit_with(error: InvalidSettings) -> NoReturn:
    """Names every wrong setting on stderr, a line each, and exits."""
    for problem in error.problems:
        print(f"sluice: {problem}", file=sys.stderr)  # noqa: T201 - for the person who started it
    sys.exit(EXIT_INVALID_SETTINGS)


def exit_on_invalid_settings(make: Callable[[], _T]) -> _T:
    """What `make` returns. Where it raises InvalidSettings the program ends, see `refuse`."""
    try:
        return make()
    except InvalidSettings as error:
        exit_with(error)
