"""Values of options that several commands take: ages, times and event types."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import typer

from workers.events import TYPES

#: Formats of a time in UTC.
TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]

_AGE = re.compile(r"(\d+)([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_age(age: str) -> int:
    """Return an age such as `15m` in milliseconds, and 0 for "". Raises BadParameter."""
    if not age:
        return 0
    match = _AGE.fullmatch(age)
    if not match:
        raise typer.BadParameter(f"invalid age {age!r} (use 90s, 15m, 6h or 2d)")
    return int(match[1]) * _UNIT_SECONDS[match[2]] * 1000


def parse_time(text: str) -> datetime | None:
    """Return a time in UTC, given as such or as an age before now; None for "". Raises BadParameter."""
    if not text:
        return None
    for time_format in TIME_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, time_format).replace(tzinfo=UTC)
    try:
        return datetime.now(UTC) - timedelta(milliseconds=parse_age(text))
    except (typer.BadParameter, OverflowError):
        raise typer.BadParameter(
            f"invalid time {text!r} (use 2026-01-31, 2026-01-31T08:00:00 in UTC, or an age: 90s, 15m, 6h or 2d)"
        ) from None


def check_event_type(name: str) -> str:
    """Return the name of an event type. Raises BadParameter."""
    if name not in TYPES:
        raise typer.BadParameter(f"unknown event type {name!r} (use one of {', '.join(sorted(TYPES))})")
    return name
