"""The tree of errors is the one that its module draws."""

import inspect
import re
from types import ModuleType

import pytest

from shared import errors
from shared.errors import InvalidSettings, Reject, RequestRejected, Retry, ServiceOverloaded, SluiceError

_LINE = re.compile(r"^(?P<branches>[│ ├└─]*)(?P<name>[A-Z]\w+)")


def _drawn(module: ModuleType) -> list[tuple[str, str]]:
    """(class, parent) of each line of the drawing; four characters are one level."""
    pairs, above = [], {-1: "Exception"}
    for line in (module.__doc__ or "").splitlines()[2:]:
        found = _LINE.match(line)
        assert found, line
        level = len(found["branches"]) // 4
        above[level] = found["name"]
        pairs.append((found["name"], above[level - 1]))
    return pairs


def test_the_drawing_is_the_tree() -> None:
    classes = [found for _, found in inspect.getmembers(errors, inspect.isclass) if found.__module__ == errors.__name__]

    assert len(classes) >= 9
    assert sorted(_drawn(errors)) == sorted((found.__name__, found.__mro__[1].__name__) for found in classes)


def test_an_overload_says_when_to_come_again() -> None:
    error = ServiceOverloaded("full", 7)
    assert isinstance(error, RequestRejected)
    assert isinstance(error, SluiceError)
    assert (error.status, error.code, error.message, error.retry_after) == (503, "unavailable", "full", 7)
    assert str(error) == "full"
    assert RequestRejected(404, "not_found", "no").retry_after is None


def test_wrong_settings_are_one_sentence_each() -> None:
    error = InvalidSettings(["one", "two"])
    assert (str(error), error.problems) == ("one; two", ["one", "two"])


@pytest.mark.parametrize(("seconds", "delay"), [(30, 30.0), (0, 0.0), (-5, 0.0), (0.5, 0.5)])
def test_a_retry_may_say_when(seconds: float, delay: float) -> None:
    assert Retry.after(seconds).delay == delay
    assert str(Retry.after(seconds, "busy")) == "busy"
    assert str(Retry.after(30)) == "the handler asked for a retry after 30 s"
    assert Retry().delay is None


@pytest.mark.parametrize(
    "policy", [{"attempts": 0}, {"base": -1.0}, {"base": 10.0, "cap": 9.0}, {"attempts": -1, "base": 0.0}]
)
def test_a_policy_that_makes_no_sense_is_refused(policy: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Retry needs attempts"):
        Retry(**policy)  # type: ignore[arg-type]


def test_a_rejection_has_its_reason() -> None:
    assert str(Reject("why")) == "why"
