"""The console's keys, derived from its password, so that consoles with the same password share their sessions."""

import hashlib
import hmac
import secrets
from typing import NamedTuple

#: 50 ms and 32 MiB per derivation: too slow to guess the password from a session's cookie.
_SCRYPT = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}


class ConsoleKeys(NamedTuple):
    """One key of 32 bytes for each purpose."""

    session: bytes
    csrf: bytes
    url_tokens: bytes
    flash: bytes


def derive_keys(password: str | None) -> ConsoleKeys:
    """Return the keys of a password. Without one they are random and valid for this process only."""
    root = hashlib.scrypt(password.encode(), salt=b"sluice console", **_SCRYPT) if password else secrets.token_bytes(32)
    return ConsoleKeys(*(hmac.digest(root, purpose.encode(), "sha256") for purpose in ConsoleKeys._fields))


def password_matches(given: str, password: str) -> bool:
    """Compare in constant time, independent of length, because digests are compared."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, password))
    return hmac.compare_digest(*digests)
