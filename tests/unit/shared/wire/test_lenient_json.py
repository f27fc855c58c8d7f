"""JSON as real senders write it: read exactly, written again, and refused only where it is none."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidJSON
from shared.wire.lenient_json import MAX_NESTING, MAX_PARTS, dumps, loads, validate

_HUGE = 10**40 + 1
_BEYOND_CPYTHON = "7" * 5000  # json.loads raises ValueError for these


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, true, false, null, "x"]}', {"a": [1, 2.5, True, False, None, "x"]}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b'"\\ud83d"', "\ud83d"),
        (b'["\\ud83d\\ude00", "\\ude00\\ud83d"]', ["\U0001f600", "\ude00\ud83d"]),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600"),  # CESU-8: a pair's halves, one by one
        (b'["\xed\xa0\xbd", "\xed\xb8\x80"]', ["\ud83d", "\ude00"]),
        (b'{"\\ud83d": 1}', {"\ud83d": 1}),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"[18446744073709551616]", [2**64]),
        (b'{"n":-18446744073709551616}', {"n": -(2**64)}),
        (b'{"n" : \n18446744073709551616 }', {"n": 2**64}),
        (b"[1,18446744073709551616]", [1, 2**64]),
        (f"{_HUGE}".encode(), _HUGE),
        (f" -{_HUGE} ".encode(), -_HUGE),
        (f'"{_HUGE}"'.encode(), f"{_HUGE}"),
        (f'[": {_HUGE}"]'.encode(), [f": {_HUGE}"]),
        (_BEYOND_CPYTHON.encode(), _BEYOND_CPYTHON),
        (f"[-{_BEYOND_CPYTHON}]".encode(), ["-" + _BEYOND_CPYTHON]),
        (b"[1e400, -1E+999]", ["1e400", "-1E+999"]),
        (b"[1e-400, -0.0, 1e308]", [0.0, -0.0, 1e308]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"\\u0000"', "\0"),
    ],
)
def test_a_value_is_read_exactly(text: bytes, value: Any) -> None:
    found = loads(text)

    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)  # tells 1 from 1.0 and True, everywhere in it


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"NaN",
        b"[NaN]",
        b"-Infinity",
        b"[1e999, NaN]",
        b'{"n": 123456789012345678901234567890, "m": NaN}',
        b"[1,]",
        b"{a: 1}",
        b"[01]",
        b"[.5]",
        b"[1.]",
        b"[+1]",
        b"1 2",
        b'"\n"',
        b'"\\x"',
        b'"\\ud83d',
        b'"\xff"',
        b'"\xc0\x80"',
        b"\xff\xfe[\x001\x00]\x00",
        b"null\0",
    ],
)
def test_what_is_no_json_is_refused_with_a_reason(text: bytes) -> None:
    for read in (loads, validate):
        with pytest.raises(InvalidJSON) as raised:
            read(text)
        assert str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[1,\n 2,\n x]", "line 3 column 2"),
        (b'["ab\xff"]', "not UTF-8 at byte 4"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_the_reason_says_where(text: bytes, reason: str) -> None:
    with pytest.raises(InvalidJSON, match=reason):
        loads(text)


def _joined(text: str) -> str:
    """No high half before a low one: JSON has but one way to write these two, as the character they make."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


_HALVES = st.text(alphabet=st.characters(categories=["Cs", "Lu", "Cc"])).map(_joined)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**63, max_value=2**70)
    | st.integers(min_value=10**30, max_value=10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | _HALVES
)
_KEYS = st.text(max_size=5) | _HALVES
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=15
)


@given(value=_VALUES)
def test_any_value_that_is_written_is_read_again(value: Any) -> None:
    assert repr(loads(dumps(value))) == repr(value)


@given(value=_VALUES, indent=st.sampled_from([None, 1]), plain=st.booleans())
def test_any_text_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None, plain: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")

    assert repr(loads(text)) == repr(json.loads(_joined(text.decode("utf-8", "surrogatepass"))))


def _standard(text: bytes) -> bool:
    """Whether the standard library takes it, its own NaN and Infinity aside."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text.decode("utf-8", "surrogatepass"), parse_constant=refuse)
    except ValueError:
        return False
    return True


_NEARLY = st.text(alphabet='[]{}",:0123456789.-+eE \ntrufalsn\\', max_size=25).map(str.encode)


@given(text=_NEARLY | st.binary(max_size=12) | _VALUES.map(json.dumps).map(lambda text: text[:-1].encode()))
def test_what_is_json_and_what_not_is_as_the_standard_library_has_it(text: bytes) -> None:
    try:
        loads(text)
    except InvalidJSON:
        assert not _standard(text)
    else:
        assert _standard(text)


def _nested(levels: int, kind: str) -> bytes:
    opening, closing = {"lists": ("[", "]"), "objects": ('{"a":', "}"), "both": ('[{"a":', "}]")}[kind]
    pairs = levels // 2 if kind == "both" else levels
    return (opening * pairs + "1" + closing * pairs).encode()


@pytest.mark.parametrize("kind", ["lists", "objects", "both"])
def test_what_is_nested_as_deeply_as_may_be_is_taken_and_a_few_levels_may_be_put_around_it(kind: str) -> None:
    value = validate(_nested(MAX_NESTING, kind))

    wrapped = {"entry": [[{"body": value}]]}
    assert loads(dumps(wrapped)) == wrapped


@pytest.mark.parametrize("kind", ["lists", "objects", "both"])
@pytest.mark.parametrize("levels", [MAX_NESTING + 2, 254, 500, 984, 1000, 1024, 1026, 100_000])
def test_what_is_nested_more_deeply_is_rejected_by_both_parsers(levels: int, kind: str) -> None:
    # With 1,000 levels orjson reads it and nothing writes it: a RecursionError in the middle of a batch.
    with pytest.raises(InvalidJSON, match="nested too deeply"):
        validate(_nested(levels, kind))
    if levels > MAX_NESTING + 10:
        with pytest.raises(InvalidJSON, match="nested too deeply"):
            loads(_nested(levels, kind))


def test_nesting_is_counted_for_what_orjson_cannot_read_too() -> None:
    with pytest.raises(InvalidJSON, match="nested too deeply"):
        loads(b"[" * 300 + b'"\\ud83d"' + b"]" * 300)


@pytest.mark.parametrize(
    "text", [b"[" + b"[]," * 5000 + b"1]", b'"' + b"[{" * 5000 + b'"', b"[" + b'{"a":{}},' * 999 + b"1]"]
)
def test_many_brackets_are_no_nesting(text: bytes) -> None:
    assert loads(text) == json.loads(text)


def _of_parts(parts: int, value: str = "0") -> bytes:
    return ("[" + f"{value}," * (parts - 1) + f"{value}]").encode()


#: What of a string might be taken for a part of the JSON around it, or the other way round.
_TRICKS = ["[", "{,", '\\"', "\\\\", '\\\\\\"', "\\\\[", ",\\", ",\\\\\\\\", "\u00e9,"]


@pytest.mark.parametrize("half", ["", "\ud83d"], ids=["orjson reads it", "the standard library reads it"])
def test_as_many_values_as_may_be_are_taken_and_one_more_is_not(half: str) -> None:
    for parts, wanted in ((MAX_PARTS, True), (MAX_PARTS + 1, False)):
        text = _of_parts(parts).replace(b"0]", json.dumps(half).encode() + b"]")
        if wanted:
            assert len(validate(text)) == parts
            continue
        with pytest.raises(InvalidJSON, match="more than 250000 values"):
            validate(text)


@pytest.mark.parametrize("unit", ["[],", "{},", '{"":0},', '"",', "1e999,", "[[[],[]]],"])
def test_what_would_become_much_memory_is_refused_unread(unit: str) -> None:
    text = ("[" + unit * (3 * 1024 * 1024 // len(unit)) + "0]").encode()
    with pytest.raises(InvalidJSON, match="more than 250000 values"):
        validate(text)


def test_names_are_no_values() -> None:
    text = b"{" + b",".join(b'"%x":0' % number for number in range(MAX_PARTS - 1)) + b"}"
    assert len(validate(text)) == MAX_PARTS - 1


@pytest.mark.parametrize("trick", _TRICKS)
def test_what_stands_in_strings_is_no_value(trick: str) -> None:
    filler = json.dumps(trick * (MAX_PARTS // len(trick) + 1), ensure_ascii=False)
    text = f"[{filler},{filler},[{filler}]]".encode()
    assert validate(text) == json.loads(text)


@pytest.mark.parametrize("trick", _TRICKS)
@pytest.mark.parametrize("shift", range(3))
def test_strings_do_not_hide_values_wherever_they_stand(trick: str, shift: int) -> None:
    # Text is looked at in windows, and may end in one anywhere.
    unit = json.dumps(trick, ensure_ascii=False) + ","
    text = ("[" + " " * shift + unit * (MAX_PARTS - 1) + '""]').encode()
    assert len(validate(text)) == MAX_PARTS
    with pytest.raises(InvalidJSON, match="more than 250000 values"):
        validate(text[:-1] + b",0]")


def test_what_was_taken_may_be_read_again_with_something_around_it() -> None:
    value = validate(_of_parts(MAX_PARTS))
    assert loads(dumps({"body": value, "more": [1] * 100})) == {"body": value, "more": [1] * 100}
    with pytest.raises(InvalidJSON, match="more than 500000 values"):
        loads(_of_parts(2 * MAX_PARTS + 1))


def test_many_halves_of_characters_are_refused_and_many_syllables_are_not() -> None:
    with pytest.raises(InvalidJSON, match="more than 100000 surrogates"):
        validate(b'"' + b"\xed\xa0\xbd" * 100_001 + b'"')
    korean = "\ud7a3" * 300_000  # their bytes begin as those of halves do
    assert validate(f'["{korean}", "\\ud83d"]'.encode()) == [korean, "\ud83d"]


def test_what_is_written_is_compact_utf_8() -> None:
    assert dumps({"a": ["\u00e9", 1]}) == '{"a":["\u00e9",1]}'.encode()
    assert dumps({"a": "\ud83d", "b": 2**64}) == b'{"a":"\\ud83d","b":18446744073709551616}'


def test_what_is_written_takes_no_more_memory_than_it_is_long() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        written = [dumps({"number": number}) for number in range(1000)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200 * len(written)
