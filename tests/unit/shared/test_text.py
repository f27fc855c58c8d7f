"""Text of strangers does nothing to a terminal or a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text import escape_control_chars, escape_keep_newlines


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain \u00e9 \U0001f600 [red]", "plain \u00e9 \U0001f600 [red]"),
        ("a\nb\r\nc", "a\\nb\\r\\nc"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m\x7f\0\t", "\\x9b31m\\x7f\\x00\\t"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
    ],
)
def test_control_characters_are_spelt_out(text: str, plain: str) -> None:
    assert escape_control_chars(text) == plain
    assert escape_keep_newlines(text.replace("\n", "")) == plain.replace("\\n", "")


def test_a_traceback_keeps_its_lines_and_nothing_else() -> None:
    assert escape_keep_newlines("Traceback:\n  at \x1b[2J\r\nEnd") == "Traceback:\n  at \\x1b[2J\\r\nEnd"


@given(text=st.text(alphabet=st.characters(categories=["Cc", "Zl", "Zp", "Lu", "Cs"])))
def test_one_line_is_one_line_however_it_is_split(text: str) -> None:
    assert len(escape_control_chars(text).splitlines()) <= 1
    assert escape_control_chars(text).isprintable() or any("\ud800" <= character <= "\udfff" for character in text)
    assert escape_keep_newlines(text).count("\n") == text.count("\n")
