"""Values as SQL can hold them: what a webhook may say and a database will not take.

PostgreSQL takes neither NUL nor halves of a surrogate pair in text, no integer beyond 64 bits, and no key of
over 2,704 bytes in an index. One such value must not cost an event its row.
"""

from hashlib import sha256

_INT64 = 2**63
_MAX_LENGTH = 255  # characters: two of them at four bytes each still fit one entry of an index


def clean(text: str | None) -> str | None:
    """Text that any database takes: NULs and lone surrogates are U+FFFD. Nothing to read (empty) is None."""
    if not text:
        return None
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, two halves that stand side by side become the character they were.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def identifier(text: str | None) -> str | None:
    """Clean text that also fits an index: the end of an absurdly long one is replaced by its SHA-256."""
    cleaned = clean(text)
    if cleaned is None or len(cleaned) <= _MAX_LENGTH:
        return cleaned
    digest = sha256(cleaned.encode()).hexdigest()
    return f"{cleaned[: _MAX_LENGTH - len(digest) - 1]}…{digest}"


def int64(number: int | None) -> int | None:
    """The number if it fits 64 bits, else None: better no size than a row that cannot be written."""
    return number if number is not None and -_INT64 <= number < _INT64 else None
