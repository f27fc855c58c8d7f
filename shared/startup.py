"""How a program of Sluice ends when an operator must act."""

import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

from shared.errors import WrongSettings

_T = TypeVar("_T")
#: Exit code for wrong settings (EX_CONFIG of sysexits.h): starting again would not help.
WRONG_SETTINGS = 78


def refuse(error: WrongSettings) -> NoReturn:
    """Names every wrong setting on stderr, a line each, and exits."""
    for problem in error.problems:
        print(f"sluice: {problem}", file=sys.stderr)  # noqa: T201 - for the person who started it
    sys.exit(WRONG_SETTINGS)


def or_refuse(make: Callable[[], _T]) -> _T:
    """What `make` returns. Where it raises WrongSettings the program ends, see `refuse`."""
    try:
        return make()
    except WrongSettings as error:
        refuse(error)
