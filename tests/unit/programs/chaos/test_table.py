"""The report."""

from collections import Counter

from tests.programs.chaos.stretch import Result
from tests.programs.chaos.table import complaints, table
from tests.programs.chaos.verification import Verification

_FINE = Result(
    ("kill-redis",), "sqlite", 5, 1000, 1200, Verification([], [], []), (), (), Counter(), 1.25, 6.5, 2.0, 30.0
)


def test_rows_of_a_kind_are_summed_over_the_databases() -> None:
    other = _FINE._replace(
        database="postgresql", stop_of_handling=7.0, verification=Verification(["gone"], [], ["x", "y"])
    )
    lines = table([_FINE, other]).splitlines()
    assert lines[2] == "| kill-redis | 10 | 2000 | 1 | 0 | 2 | 1.2 s | 7.0 s |"
    assert lines[3] == "| **all** | 10 | 2000 | 1 | 0 | 2 | 1.2 s | 7.0 s |"


def test_nothing_is_said_of_what_is_right() -> None:
    assert complaints([_FINE]) == ""


def test_what_is_amiss_is_reported_in_words_and_cut_where_it_is_much() -> None:
    reported = complaints([_FINE._replace(verification=Verification([str(n) for n in range(20)], [], []))], most=3)
    assert reported.splitlines() == [
        "kill-redis on sqlite:",
        *(f"  lost: {n}" for n in range(3)),
        "  lost: … and 17 more",
    ]


def test_a_stretch_that_does_not_become_quiet_is_not_right() -> None:
    assert _FINE.is_right
    assert not _FINE._replace(restless=("text.store: 1 waiting",)).is_right
    assert not _FINE._replace(odd=("500 rather than 200",)).is_right
