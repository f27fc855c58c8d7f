"""Generated blocks are replaced, and everything written by hand stays."""

import pytest

from tests.programs.docs import pages

_PAGE = "before\n\n<!-- generated: metrics -->\nold\n<!-- end -->\n\nafter\n"


def test_a_block_is_replaced_and_the_rest_stays() -> None:
    filled = pages.filled(_PAGE)

    assert filled.startswith("before\n\n<!-- generated: metrics -->\n\n| name | type |")
    assert filled.endswith("|\n\n<!-- end -->\n\nafter\n")
    assert "old" not in filled.splitlines()
    assert pages.filled(filled) == filled


def test_an_unknown_block_is_an_error() -> None:
    with pytest.raises(KeyError):
        pages.filled(_PAGE.replace("metrics", "nothing-known"))
