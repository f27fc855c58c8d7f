"""The language of names, docstrings, comments, messages and pages: what we do not write, and what we write instead."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.programs import ROOT


class Rule(NamedTuple):
    """A pattern that must not occur, and the plain words to use instead."""

    pattern: str
    instead: str


_A, _Z = r"(?<![a-z])", r"(?![a-z])"  # the borders of a word, also within snake_case and CONSTANT_CASE
_UNIT = "event|field|group|handler|key|kind|lane|line|outage|page|process|reason|request|row|take|test|type|webhook"
WORDS = (
    # `:told` is the end of a Redis key.
    Rule(rf"(?<!:){_A}told{_Z}", "logged, reported, shown, returned, passed"),
    Rule(rf"{_A}tells? (?:it|them|all|nothing){_Z}", "reports, logs, notifies"),
    Rule(r"(?<!there )\b(?:is|are) no (?!longer\b|more than\b|less than\b)[a-z]", "is not a; invalid, unknown"),
    Rule(r"\bdo(?:es)? well\b", "works, succeeds, is healthy"),
    Rule(r"\bbears? (?:an?|the|its|no)\b", "has, carries"),
    Rule(r"\b(?:is|are|was) wanted\b", "is needed, is requested"),
    Rule(rf"{_A}anew{_Z}", "again"),
    Rule(r"\bby (?:itself|themselves)\b", "on its own, automatically"),
    Rule(r"\bso many\b|\bthat many\b", "the number itself, or `count`"),
    Rule(r"\bfor ever\b", "forever"),
    Rule(rf"\b(?:a|one) [a-z]+ an? (?:{_UNIT})\b|\bone a second\b", "one line per reason, one per second"),
    Rule(rf"{_A}shall{_Z}", "must, should, will"),
    Rule(rf"{_A}whom?ever{_Z}", "the client, the caller, whichever process"),
    Rule(r"\bas it (?:is|was)\b", "unchanged, verbatim"),
)
NAMES = (
    Rule(r"(?<![A-Z])MOST(?:_[A-Z]|\b)", "MAX_…"),
    Rule(r"(?:LONGEST|SHORTEST)\b", "MAX_…, MIN_…, …_TIMEOUT"),
    Rule(r"PATIENCE\b", "…_TIMEOUT"),
    Rule(r"_REMEMBERED\b", "MAX_…"),
    Rule(r"_AT_ONCE\b", "…_BATCH_SIZE, MAX_CONCURRENT_…"),
    Rule(r"_AGAIN\b", "…_INTERVAL"),
)
_SUFFIXES = {".py", ".lua", ".sql", ".c", ".html", ".md", ".yml", ".yaml", ".conf", ".service", ".sh", ""}
_FOLDERS = ("ingress", "shared", "workers", "docs", "deploy", "tests")
#: Not ours, or about the words themselves.
_LEFT_OUT = ("workers/console/static/", "tests/unit/structure/test_language.py", "tests/system/browser/assets/")
#: Still to be reworded.
PENDING: tuple[str, ...] = ()


def _files() -> list[str]:
    pages = [*ROOT.glob("*.md"), ROOT / "Makefile"]
    pages += [file for folder in _FOLDERS for file in (ROOT / folder).rglob("*") if file.is_file()]
    names = sorted(str(file.relative_to(ROOT)) for file in pages if file.suffix in _SUFFIXES)
    return [name for name in names if not name.startswith((*_LEFT_OUT, *PENDING)) and "__pycache__" not in name]


def faults(line: str) -> Iterator[str]:
    """Yield what is wrong with the words of a line."""
    for rule in WORDS:
        if found := re.search(rule.pattern, line, re.IGNORECASE):
            yield f"{found[0]!r} (write: {rule.instead})"
    for rule in NAMES:
        if found := re.search(rule.pattern, line):
            yield f"{found[0]!r} (write: {rule.instead})"


@pytest.mark.parametrize(
    "line",
    [
        "MOST_HEADERS = 3",
        "_LONGEST = 5.0",
        "#: whom it is told",
        "def test_an_error_is_told_once() -> None:",
        "Nobody tells it so.",
        "'x' is no age",
        "those are no numbers",
        "one line a reason",
        "so many entries",
        "It shall stop by itself.",
    ],
)
def test_what_we_do_not_write_is_found(line: str) -> None:
    assert list(faults(line))


@pytest.mark.parametrize(
    "line",
    [
        "there is no worker yet",
        "once a second",
        "it is no longer open",
        "the tolerance",
        "untold = 1",
        "MAX_HEADERS = 3",
    ],
)
def test_plain_words_are_let_through(line: str) -> None:
    assert not list(faults(line))


def test_we_write_plain_words() -> None:
    found = [
        f"{name}:{number}: {fault}"
        for name in _files()
        for number, line in enumerate((ROOT / Path(name)).read_text().splitlines(), 1)
        for fault in faults(line)
    ]
    assert found == [], "\n".join(found)
