"""Make values from webhooks fit for SQL columns.

PostgreSQL accepts neither NUL nor lone surrogates in text, no integer beyond 64 bits, and no index entry of more than
2,704 bytes. One such value must not keep an event from being stored.
"""

from hashlib import sha256

_INT64 = 2**63
_MAX_IDENTIFIER_LENGTH = 255  # characters: two identifiers at four bytes per character still fit an index entry


def clean(text: str | None) -> str | None:
    """Return the text with NULs and lone surrogates replaced by U+FFFD, or None if it is empty."""
    if not text:
        return None
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16: two adjacent surrogates become the character that they encode.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def identifier(text: str | None) -> str | None:
    """Return clean text that fits an index entry: the end of a very long text is replaced by the text's SHA-256."""
    cleaned = clean(text)
    if cleaned is None or len(cleaned) <= _MAX_IDENTIFIER_LENGTH:
        return cleaned
    digest = sha256(cleaned.encode()).hexdigest()
    return f"{cleaned[: _MAX_IDENTIFIER_LENGTH - len(digest) - 1]}…{digest}"


def int64(number: int | None) -> int | None:
    """Return the number if it fits 64 bits, else None: a missing number is better than a rejected row."""
    return number if number is not None and -_INT64 <= number < _INT64 else None
