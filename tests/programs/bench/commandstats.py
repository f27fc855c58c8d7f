"""What Redis' commands cost, from INFO commandstats.

It tells the commands that a script calls twice: on their own and within the script. So those that scripts call are
left out; where such a command is sent on its own too (a drain sends three small ones) its little is lost from the sum.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support.programs import ROOT

_CALL = re.compile(r"redis\.p?call\(\s*'([A-Za-z]+)'")
#: What the bench itself asks.
_OURS = {"info", "config", "select", "client"}


def called_by_scripts() -> set[str]:
    """The commands that any of Sluice's scripts calls, in lower case."""
    return names(file.read_text() for part in ("shared", "workers") for file in Path(ROOT / part).rglob("*.lua"))


def names(sources: Iterable[str]) -> set[str]:
    """The commands that these scripts call."""
    return {name.lower() for source in sources for name in _CALL.findall(source)}


def spent_us(stats: Mapping[str, Any], inner: set[str]) -> float:
    """Microseconds of all commands but `inner` and the bench's own; `stats` as redis-py gives INFO commandstats."""
    total = 0.0
    for name, numbers in stats.items():
        command = name.removeprefix("cmdstat_").split("|")[0].lower()
        if command not in inner | _OURS:
            total += float(numbers["usec"])
    return total
