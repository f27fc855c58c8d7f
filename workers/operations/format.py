"""Numbers, times and lengths of time as people read them. Pure."""

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))
_THIN = "\u202f"  # narrow no-break space
#: Where there is nothing to tell.
NO_VALUE = "\u2013"


def format_duration(seconds: float | None) -> str:
    """A length of time: `0.4 s`, `42 s`, `3 min`, `5 h`, `2 d`; a dash for None."""
    if seconds is None:
        return NO_VALUE
    seconds = max(seconds, 0.0)
    for unit, size in _UNITS:
        if seconds >= size * 2 or (unit != "min" and seconds >= size):
            return f"{seconds / size:.0f}{_THIN}{unit}"
    return f"{seconds:.0f}{_THIN}s" if seconds >= 10 else f"{seconds:.1f}{_THIN}s"


def format_number(value: float | None) -> str:
    """`12 345`, and `1.5` for small fractions; a dash for None."""
    if value is None:
        return NO_VALUE
    if isinstance(value, float) and 0 < value < 10:
        return f"{value:.1f}"
    return f"{value:,.0f}".replace(",", _THIN)


def format_bytes(value: float | None) -> str:
    """`1.5 MB`, by powers of ten."""
    if value is None:
        return NO_VALUE
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.1f}{_THIN}{unit}"
    return f"{value:.0f}{_THIN}B"


def pluralize(value: int, what: str) -> str:
    """`1 event`, `2 events`."""
    return f"{format_number(value)} {what}{'' if value == 1 else 's'}"


def format_percent(part: float, whole: float) -> str:
    """`93.4 %`; a dash where there is no whole."""
    return f"{100 * part / whole:.1f}{_THIN}%" if whole else NO_VALUE


def datetime_from_ms(milliseconds: float) -> datetime | None:
    """The time so many milliseconds after 1970, in UTC; None for what is no time."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def format_time(when: datetime | None, now: datetime) -> str:
    """`21:40:07` on the day of `now`, else `2026-11-20 21:40`, in UTC."""
    if when is None:
        return NO_VALUE
    when = when.astimezone(UTC)
    return f"{when:%H:%M:%S}" if when.date() == now.astimezone(UTC).date() else f"{when:%Y-%m-%d %H:%M}"
