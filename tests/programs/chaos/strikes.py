"""What a kind of fault is: a name, how to strike, and what must be prepared for it."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from tests.programs.chaos.environment import Environment

#: Does the harm; whatever is drawn comes from the generator.
Strike = Callable[[Environment, Random], None]


def _nothing(_world: Environment) -> None:
    """No preparation."""


def _always(_world: Environment) -> str | None:
    return None


class Fault(NamedTuple):
    """One kind. A strike returns once what it did is over, unless ending it is Sluice's task.

    `rounds`: strikes in a full run, on each database. `begin` and `end` stand around a stretch of them. `lacking`
    says why it cannot be had here. `patience`: seconds in which all must be quiet afterwards.
    """

    name: str
    strike: Strike
    rounds: int = 5
    begin: Callable[[Environment], None] = _nothing
    end: Callable[[Environment], None] = _nothing
    lacking: Callable[[Environment], str | None] = _always
    patience: float = 150.0
    alone: bool = False  # not to be mixed with others in one stretch
