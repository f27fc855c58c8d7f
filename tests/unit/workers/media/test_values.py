"""Single values are read tolerantly, and never into something that harms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workers.media import values

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        (12.0, 12),
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        ("9" * 19, None),
        ("9" * 5000, None),
        (1.5, None),
        (-1, None),
        ("-1", None),
        ("1e3", None),
        ("٣", None),
        (True, None),
        (None, None),
        ("", None),
        ([12], None),
    ],
)
def test_a_file_size_is_read_from_numbers_and_strings(written: Any, size: int | None) -> None:
    assert values.as_count(written) == size


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 5000, 3600.0),
        ("-7", None),
        ("7 seconds", None),
        ("inf", None),
        ("nan", None),
        ("1e3", None),
        ("٣", None),
        ("", None),
        ("Fri, 01 May 2026 12:01:30 GMT", 90.0),
        ("Friday, 01-May-26 12:01:30 GMT", 90.0),
        ("Fri May  1 12:01:30 2026", 90.0),
        ("Fri, 01 May 2026 14:01:30 +0200", 90.0),
        ("Fri, 01 May 2026 12:01:30 -0000", 90.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("Sat, 01 May 2027 12:00:00 GMT", 3600.0),
        ("Fri, 32 May 2026 12:00:00 GMT", None),
        ("Fri, 01 May 99999 12:00:00 GMT", None),
        ("Fri, 01 May 2026 12:00:00 +" + "9" * 20, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_up_to_an_hour(header: str | None, seconds: float | None) -> None:
    assert values.retry_after(header, NOW) == seconds


def test_retry_after_goes_by_the_moment_it_came() -> None:
    assert values.retry_after("Fri, 01 May 2026 12:01:30 GMT", NOW + timedelta(minutes=1)) == 30.0
