"""Format numbers, durations, sizes and times for people. Pure."""

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))
_THIN = "\u202f"  # narrow no-break space
#: Shown in place of a value that does not exist.
NO_VALUE = "\u2013"


def format_duration(seconds: float | None) -> str:
    """Return a duration as `0.4 s`, `42 s`, `3 min`, `5 h` or `2 d`; a dash for None."""
    if seconds is None:
        return NO_VALUE
    seconds = max(seconds, 0.0)
    for unit, size in _UNITS:
        if seconds >= size * 2 or (unit != "min" and seconds >= size):
            return f"{seconds / size:.0f}{_THIN}{unit}"
    return f"{seconds:.0f}{_THIN}s" if seconds >= 10 else f"{seconds:.1f}{_THIN}s"


def format_number(value: float | None) -> str:
    """Return a number as `12 345`, or `1.5` for small fractions; a dash for None."""
    if value is None:
        return NO_VALUE
    if isinstance(value, float) and 0 < value < 10:
        return f"{value:.1f}"
    return f"{value:,.0f}".replace(",", _THIN)


def format_bytes(value: float | None) -> str:
    """Return a size in powers of ten, as `1.5 MB`; a dash for None."""
    if value is None:
        return NO_VALUE
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.1f}{_THIN}{unit}"
    return f"{value:.0f}{_THIN}B"


def pluralize(value: int, noun: str) -> str:
    """Return a number with its noun, as `1 event` or `2 events`."""
    return f"{format_number(value)} {noun}{'' if value == 1 else 's'}"


def format_percent(part: float, whole: float) -> str:
    """Return `part` of `whole` as `93.4 %`; a dash if `whole` is 0."""
    return f"{100 * part / whole:.1f}{_THIN}%" if whole else NO_VALUE


def datetime_from_ms(milliseconds: float) -> datetime | None:
    """Return the time `milliseconds` after 1970, in UTC; None if it is out of range."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def format_time(when: datetime | None, now: datetime) -> str:
    """Return a time in UTC as `21:40:07` if it is on the day of `now`, else as `2026-11-20 21:40`; a dash for None."""
    if when is None:
        return NO_VALUE
    when = when.astimezone(UTC)
    return f"{when:%H:%M:%S}" if when.date() == now.astimezone(UTC).date() else f"{when:%Y-%m-%d %H:%M}"
