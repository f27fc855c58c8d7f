"""The part of YAML that `deploy/compose.yaml` keeps to, since no YAML library is among the requirements.

Block maps, block lists of scalars, JSON for everything on one line in brackets or quotes, `|` texts, anchors, aliases
and `<<` with one alias. Whatever else comes is an error, never a guess.
"""

import json
import re
from typing import Any

_KEY = re.compile(r"([A-Za-z0-9_.<-]+):(?: (.*))?")
_ANCHOR = re.compile(r"&(\S+)(?: (.*))?")
_UNKNOWN = re.compile(r"^['&!%@`>?]| #|: ")
_CONSTANTS = {"": None, "null": None, "true": True, "false": False}


def load(text: str) -> Any:
    """The document's value."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._at = 0
        self._anchors: dict[str, Any] = {}

    def document(self) -> Any:
        value = self._block(0)
        assert self._peek() is None, f"line {self._at + 1} stands too far out"
        return value

    def _peek(self) -> tuple[int, str] | None:
        """Indent and text of the next line that says something."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            assert "\t" not in line, f"line {self._at + 1} has a tab"
            text = line.strip()
            if text and not text.startswith("#"):
                return len(line) - len(line.lstrip()), text
            self._at += 1
        return None

    def _block(self, least: int) -> Any:
        """The map or list whose lines begin at the next line's indent; None if that is less than `least`."""
        first = self._peek()
        if first is None or first[0] < least:
            return None
        indent, text = first
        return self._list(indent) if text.startswith("- ") else self._map(indent)

    def _list(self, indent: int) -> list[Any]:
        items = []
        while (line := self._peek()) and line[0] == indent:
            assert line[1].startswith("- "), f"line {self._at + 1} is no item"
            self._at += 1
            items.append(self._value(line[1][2:], indent))
        return items

    def _map(self, indent: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        while (line := self._peek()) and line[0] == indent:
            match = _KEY.fullmatch(line[1])
            assert match, f"line {self._at + 1} is no `key: value`"
            key, rest = match[1], match[2] or ""
            assert key not in own, f"line {self._at + 1} repeats {key}"
            self._at += 1
            anchor = _ANCHOR.fullmatch(rest)
            value = self._value((anchor[2] or "") if anchor else rest, indent)
            if anchor:
                self._anchors[anchor[1]] = value
            if key == "<<":
                merged |= value
            else:
                own[key] = value
        return merged | own

    def _value(self, text: str, indent: int) -> Any:
        if not text:
            return self._block(indent + 1)
        if text == "|":
            return self._literal(indent)
        if text.startswith("*"):
            return self._anchors[text[1:]]
        if text[0] in '[{"':
            return json.loads(text)
        assert not _UNKNOWN.search(text), f"line {self._at} needs a real YAML library: {text}"
        return _CONSTANTS.get(text, int(text) if text.isdigit() else text)

    def _literal(self, indent: int) -> str:
        start = self._at
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            self._at += 1
        lines = self._lines[start : self._at]
        depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        return "\n".join(line[depth:] for line in lines).rstrip("\n") + "\n"
