"""A check: what was seen of one thing, and what to do about it."""

from typing import NamedTuple

_MIB = 1024 * 1024


class Check(NamedTuple):
    """One thing that was checked."""

    name: str
    well: bool
    seen: str
    advice: str = ""  # what to do, or where it is well what could be better


def size(count: int) -> str:
    """So many bytes, for people."""
    return f"{count / _MIB:.0f} MiB" if count < 1024 * _MIB else f"{count / _MIB / 1024:.1f} GiB"
