"""Histograms as they are kept in Redis, and as Prometheus shows them."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from shared.observability.histogram import HistogramCounter, read


def _hash(fields: dict[str, int]) -> dict[bytes, bytes]:
    return {name.encode(): str(value).encode() for name, value in fields.items()}


def test_values_are_counted_by_their_upper_bounds() -> None:
    spread = HistogramCounter("x", (1.0, 2.5))
    for value in (0.5, 1.0, 2.0, 100.0):
        spread.record(value)
    assert spread.fields() == {"x:1": 2, "x:2.5": 1, "x:+Inf": 1, "x:sum": 103_500_000}
    assert read(_hash(spread.fields()), "x", (1.0, 2.5)) == ([(1.0, 2), (2.5, 3), (inf, 4)], 103.5)


def test_nothing_noted_is_nothing_to_be_added() -> None:
    assert HistogramCounter("x", (1.0,)).fields() == {}
    assert read({}, "x", (1.0,)) == ([(1.0, 0), (inf, 0)], 0.0)


def test_another_histogram_of_the_same_hash_is_left_alone() -> None:
    hashed = _hash({"x:1": 2, "x:sum": 1, "xx:1": 5, "done": 7})
    assert read(hashed, "x", (1.0,)).buckets == [(1.0, 2), (inf, 2)]


def test_what_was_counted_under_other_bounds_goes_where_it_fits() -> None:
    hashed = _hash({"x:1": 1, "x:2": 10, "x:5": 100, "x:+Inf": 1000})
    assert read(hashed, "x", (1.0, 3.0)).buckets == [(1.0, 1), (3.0, 11), (inf, 1111)]


@given(st.lists(st.floats(0, 1e6), max_size=50), st.sets(st.floats(0.001, 1e5), min_size=1, max_size=10))
def test_each_value_is_in_every_bucket_that_it_is_below_and_the_sum_is_theirs(
    values: list[float], bounds: set[float]
) -> None:
    ordered = [float(f"{bound:g}") for bound in sorted(bounds)]
    spread = HistogramCounter("x", ordered)
    for value in values:
        spread.record(value)
    found = read(_hash(spread.fields()), "x", ordered)
    counts = dict(found.buckets)
    assert all(counts[bound] == sum(value <= bound for value in values) for bound in ordered)
    assert counts[inf] == len(values)
    assert abs(found.sum - sum(values)) < 1e-5 * (1 + len(values))
