"""Medians, ratios, percentiles and verdicts."""

import math

import pytest

from tests.programs.bench.figures import Verdict, broken, judge, percentile, ratio, score
from tests.programs.bench.targets import BY_NAME, TARGETS, Target

_MORE = Target("more", "more is better", "x", 0.6, 0.8, "made up")
_LESS = Target("less", "less is better", "ms", 15, 6, "made up", smaller_is_better=True)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert ratio([2, 30, 4], [1, 10, 4]) == 2  # 2, 3 and 1; that of the medians would be 4 / 4


def test_rounds_that_do_not_belong_together_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="argument"):
        ratio([1, 2], [1])


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (99.5, 100), (100, 100), (0, 1)])
def test_a_percentile_is_a_value_that_was_seen(percent: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("target", "value", "verdict"),
    [
        (_MORE, 0.8, Verdict.AIM),
        (_MORE, 0.79, Verdict.REACHED),
        (_MORE, 0.6, Verdict.REACHED),
        (_MORE, 0.59, Verdict.MISSED),
        (_MORE, 0.3, Verdict.MISSED),
        (_MORE, 0.29, Verdict.BROKEN),
        (_MORE, 0.0, Verdict.BROKEN),
        (_MORE, math.nan, Verdict.BROKEN),
        (_LESS, 6, Verdict.AIM),
        (_LESS, 7, Verdict.REACHED),
        (_LESS, 15, Verdict.REACHED),
        (_LESS, 16, Verdict.MISSED),
        (_LESS, 30, Verdict.MISSED),
        (_LESS, 31, Verdict.BROKEN),
        (_LESS, math.inf, Verdict.BROKEN),
        (_LESS, math.nan, Verdict.BROKEN),
    ],
)
def test_the_guard_fails_below_half_and_above_twice(target: Target, value: float, verdict: Verdict) -> None:
    assert judge(target, value) is verdict


def test_a_score_of_one_is_what_is_asked_for() -> None:
    assert score(_MORE, 1.2) == pytest.approx(2)
    assert score(_LESS, 7.5) == pytest.approx(2)


def test_the_guard_names_what_is_below_half() -> None:
    assert broken({"ingress-of-bare": 0.29, "idle-p50": 31, "depth": 1.0}) == ["ingress-of-bare", "idle-p50"]
    assert broken({"p99-of-bare": 100.0}) == []  # not guarded: two cores cannot show it


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_aim_is_beyond_what_is_asked_for(target: Target) -> None:
    assert score(target, target.aim) > 1
    assert BY_NAME[target.name] is target
