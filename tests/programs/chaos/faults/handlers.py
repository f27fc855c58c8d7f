"""Handlers that take their process with them, that never return, that eat all memory."""

import time
from random import Random

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault, Strike
from tests.programs.chaos.traffic import texts

_QUIET = 240.0  # seconds: three deaths, each taken over within 10 s, each event alone


def _ordered(order: str, count: int = 1) -> Strike:
    def strike(environment: Environment, random: Random) -> None:
        environment.load.inject(texts(random, order, count))
        time.sleep(random.uniform(2, 5))

    strike.__doc__ = f"Some texts that order {order}."
    return strike


FAULTS = (
    Fault("handler-exits", _ordered("chaos:exit"), rounds=2, patience=_QUIET),
    Fault("handler-crashes", _ordered("chaos:segv"), rounds=2, patience=_QUIET),
    Fault("handler-hangs", _ordered("chaos:hang"), rounds=2, patience=_QUIET),
    Fault("handler-is-deaf", _ordered("chaos:deaf"), rounds=1, patience=_QUIET),
    Fault("handler-eats-memory", _ordered("chaos:memory"), rounds=2, patience=_QUIET),
    Fault("handler-fails", _ordered("chaos:fail", 8), rounds=2, patience=_QUIET),
)
