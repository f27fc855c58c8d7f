"""A problem, as the console reports it."""

from enum import IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    """How bad a problem is; the lowest value is the worst.

    The console shows DATA_LOSS and STUCK in red, LATE in yellow, and notes below all others.
    """

    DATA_LOSS = 0  # events may be lost, or webhooks are rejected
    STUCK = 1  # events wait until someone acts
    LATE = 2
    NOTE = 3  # not a problem, but worth knowing


class Problem(NamedTuple):
    """Something that is wrong."""

    code: str  # the same for as long as the problem lasts
    severity: Severity
    text: str
    advice: str
    link: str = ""  # the console's page on which to act
    since_ms: int = 0  # since 1970
