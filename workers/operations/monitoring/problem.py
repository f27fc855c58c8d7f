"""How something that is wrong is told."""

from enum import IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    """How bad it is."""

    DATA_LOSS = 0  # events may be lost, or webhooks are refused
    STUCK = 1  # events wait for somebody to do something
    LATE = 2
    NOTE = 3  # nothing is wrong, and yet one should know


class Problem(NamedTuple):
    """Something that is wrong."""

    code: str
    severity: Severity
    text: str
    advice: str
    link: str = ""  # the page where something can be done
    since_ms: int = 0  # since 1970
