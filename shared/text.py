"""Text of strangers, made fit for a terminal and for a log: what it holds is seen, and does nothing."""

import re

#: Control characters (C0, DEL, C1) and Unicode's line separators; escape sequences begin with one of them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape_control_chars(text: str) -> str:
    """`text` with every control character spelt out, so that it can neither forge a line nor colour a terminal."""
    return _CONTROL.sub(_spelt, text)


def escape_keep_newlines(text: str) -> str:
    """As `one_line`, but line feeds stay: for tracebacks."""
    return "\n".join(escape_control_chars(line) for line in text.split("\n"))


def _spelt(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
