"""Make untrusted text safe for a terminal and a log: control characters become visible and have no effect."""

import re

#: Control characters (C0, DEL, C1) and Unicode's line separators. Every escape sequence begins with one of them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape_control_chars(text: str) -> str:
    """Return `text` with every control character escaped, so that it can neither forge a line nor color a terminal."""
    return _CONTROL.sub(_escape, text)


def escape_keep_newlines(text: str) -> str:
    """Return `text` with every control character except line feeds escaped. For tracebacks."""
    return "\n".join(escape_control_chars(line) for line in text.split("\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
