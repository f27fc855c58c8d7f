"""What is asked for on the command line."""

import argparse
import random
from collections.abc import Sequence
from typing import NamedTuple

DATABASES = ("postgresql", "sqlite")
_RATE = 150.0  # webhooks/s: a third of two cores, the sender included


class Options(NamedTuple):
    """One run. `rounds` is for each kind of fault and each database; 0: as many as its kind has in a full run."""

    seed: int
    rounds: int
    faults: tuple[str, ...]
    databases: tuple[str, ...]
    short: bool
    rate: float
    keep: bool


def parse(arguments: Sequence[str], known: Sequence[str]) -> Options:
    """The options; ends the program with a message where they are wrong. `known`: names of faults."""
    parser = argparse.ArgumentParser("python -m tests.programs.chaos", description="Sluice under faults.")
    parser.add_argument("--seed", type=int, help="the same seed strikes in the same order (default: a new one)")
    parser.add_argument("--rounds", type=int, default=0, help="strikes of each kind on each database")
    parser.add_argument("--faults", default="", help=f"some of: {', '.join(known)}")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--short", action="store_true", help="each kind once, within three minutes")
    parser.add_argument("--rate", type=float, default=_RATE, help="webhooks a second")
    parser.add_argument("--keep", action="store_true", help="keep the logs, also when all is right")
    given = parser.parse_args(arguments)
    names = tuple(name.strip() for name in given.faults.split(",") if name.strip())
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no such fault: {', '.join(unknown)}")
    if given.rounds < 0 or given.rate <= 0:
        parser.error("--rounds and --rate are positive numbers")
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    databases = DATABASES if given.database == "both" else (given.database,)
    return Options(seed, given.rounds, names or tuple(known), databases, given.short, given.rate, given.keep)


def seeded(seed: int, *purpose: str | int) -> random.Random:
    """A generator for one purpose: the same seed and purpose draw the same, whatever else was drawn."""
    return random.Random(":".join(map(str, (seed, *purpose))))
