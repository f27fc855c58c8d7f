"""End a program whose settings are invalid."""

import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

from shared.errors import InvalidSettings

_T = TypeVar("_T")
#: Exit code for invalid settings (EX_CONFIG of sysexits.h). Restarting the program would not help.
EXIT_INVALID_SETTINGS = 78


def exit_with(error: InvalidSettings) -> NoReturn:
    """Print every problem to stderr, one per line, and exit with EXIT_INVALID_SETTINGS."""
    for problem in error.problems:
        print(f"sluice: {problem}", file=sys.stderr)  # noqa: T201 - for the person who started the program
    sys.exit(EXIT_INVALID_SETTINGS)


def exit_on_invalid_settings(make: Callable[[], _T]) -> _T:
    """Return the result of `make`. If it raises InvalidSettings, print the problems and exit."""
    try:
        return make()
    except InvalidSettings as error:
        exit_with(error)
