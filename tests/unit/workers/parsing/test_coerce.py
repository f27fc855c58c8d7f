"""The lenient readers, as tables: what came, what is read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from workers.parsing import coerce

HUGE = 10**3000
SURROGATE = "\ud83d"
#: Values that are not useful scalars; every reader returns None.
NOTHING: list[Any] = [None, [], {}, [1], {"a": 1}, float("nan"), float("inf")]


@pytest.mark.parametrize(
    ("came", "read"),
    [
        ("1687327462", datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)),
        (1687327462, datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)),
        (1687327462.5, datetime(2023, 6, 21, 6, 4, 22, 500_000, tzinfo=UTC)),
        ("1687327462.0", datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)),
        (" 1687327462 ", datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)),
        (1687327462123, datetime(2023, 6, 21, 6, 4, 22, 123_000, tzinfo=UTC)),
        ("1687327462123", datetime(2023, 6, 21, 6, 4, 22, 123_000, tzinfo=UTC)),
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("TIMESTAMP", None),
        ("", None),
        ("0", None),
        (0, None),
        (-1, None),
        (True, None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        (1e30, None),
        (HUGE, None),
        ("9" * 5000, None),
        (SURROGATE, None),
    ],
)
def test_a_timestamp_is_read_in_seconds_and_milliseconds(came: Any, read: datetime | None) -> None:
    assert coerce.as_timestamp(came) == read


@pytest.mark.parametrize("came", ["1687327462", 1687327462123])
def test_a_timestamp_is_aware_and_in_utc(came: Any) -> None:
    read = coerce.as_timestamp(came)
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("came", "read"),
    [
        ("919800000001", "919800000001"),
        (919800000001, "919800000001"),
        ("+91 98000-00001", "919800000001"),
        ("+91 (98000) 00001", "919800000001"),
        ("[91] 98000.00001", "919800000001"),
        ("91\u00a098000\u201100001", "919800000001"),
        ("US.13491208655302741918", "US.13491208655302741918"),
        ("CO.ENT.9911452217700250", "CO.ENT.9911452217700250"),
        (" US.1234 ", "US.1234"),
        ("user-id", "user-id"),
        ("120363025246125486@g.us", "120363025246125486@g.us"),
        ("9198****21", "9198****21"),
        ("91xxxxxxxxxx", "91xxxxxxxxxx"),
        ("PHONE_NUMBER", "PHONE_NUMBER"),
        ("", None),
        ("  ", None),
        ("+", None),
        ("()", None),
        (True, None),
        (9.198e11, None),
    ],
)
def test_a_phone_number_is_its_digits_and_any_other_id_is_kept_whole(came: Any, read: str | None) -> None:
    assert coerce.as_phone(came) == read


@pytest.mark.parametrize(
    ("came", "read"),
    [
        (131051, 131051),
        ("131051", 131051),
        (3.0, 3),
        (" 7 ", 7),
        ("-5", -5),
        ("9007199254740993", 9007199254740993),
        (2.5, None),
        ("2.5", None),
        ("code", None),
        ("", None),
        (True, None),
        (HUGE, None),
        (1 << 63, None),
        ("9" * 5000, None),
    ],
)
def test_an_integer_fits_64_bits(came: Any, read: int | None) -> None:
    assert coerce.as_integer(came) == read


@pytest.mark.parametrize(
    ("came", "read"),
    [
        (18.5, 18.5),
        (18, 18.0),
        ("18.5", 18.5),
        (" -1 ", -1.0),
        ("north", None),
        ("", None),
        (False, None),
        ("nan", None),
        ("inf", None),
        (HUGE, None),
    ],
)
def test_a_number_is_finite(came: Any, read: float | None) -> None:
    assert coerce.as_number(came) == read


@pytest.mark.parametrize(
    ("came", "read"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        (1, True),
        (0, False),
        ("1", True),
        ("0", False),
        (2, None),
        ("yes", None),
        ("", None),
        (1.0, None),
        (HUGE, None),
    ],
)
def test_a_boolean_may_be_written_as_text_or_number(came: Any, read: bool | None) -> None:
    assert coerce.as_boolean(came) is read


@pytest.mark.parametrize(("came", "read"), [("a", "a"), ("", ""), (SURROGATE, SURROGATE), (5, None), (True, None)])
def test_text_is_never_made_of_anything_else(came: Any, read: str | None) -> None:
    assert coerce.as_text(came) == read


@pytest.mark.parametrize(("came", "read"), [("a", "a"), ("", None), (5, "5"), (True, None), (5.0, None)])
def test_an_identifier_may_be_a_number_but_not_empty(came: Any, read: str | None) -> None:
    assert coerce.as_identifier(came) == read


@pytest.mark.parametrize(("came", "read"), [([1], [1]), ([], []), (None, []), ({"a": 1}, [{"a": 1}]), ("x", ["x"])])
def test_a_single_value_counts_as_a_list_of_one(came: Any, read: list[Any]) -> None:
    assert coerce.as_list(came) == read


@pytest.mark.parametrize(("came", "read"), [({"a": 1}, {"a": 1}), ([], {}), (None, {}), ("x", {}), (1, {})])
def test_what_is_no_object_reads_as_an_empty_one(came: Any, read: dict[str, Any]) -> None:
    assert coerce.as_object(came) == read


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize(
    "reader",
    ["as_boolean", "as_identifier", "as_integer", "as_number", "as_phone", "as_text", "as_timestamp"],
)
def test_no_reader_raises_or_invents(reader: str, value: Any) -> None:
    assert getattr(coerce, reader)(value) is None
