"""What the handlers note, in a file that outlives them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_FILE = "handled.log"


def note(folder: Path, name: str, keys: Sequence[str]) -> None:
    """That this handler ran for these events."""
    # One write a call: lines of several processes do not mix, and a killed process leaves no half of one.
    with (folder / _FILE).open("ab", buffering=0) as log:
        log.write("".join(f"{name} {key}\n" for key in keys).encode())


def noted(folder: Path) -> Counter[tuple[str, str]]:
    """Runs of each (handler, key)."""
    file = folder / _FILE
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return Counter((name, key) for name, _, key in (line.partition(" ") for line in lines))


def forget(folder: Path) -> None:
    """Begins again. Not while a handler may run."""
    (folder / _FILE).unlink(missing_ok=True)
