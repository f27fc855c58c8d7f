"""The console's keys, all from its password: several consoles with one password know each other's sessions."""

import hashlib
import hmac
import secrets
from hashlib import sha256
from typing import NamedTuple

#: Costs 50 ms and 32 MiB: who has a session's cookie shall not find the password by trying.
_COST = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}


class ConsoleKeys(NamedTuple):
    """One key a purpose."""

    session: bytes
    csrf: bytes
    veil: bytes
    flash: bytes


def derive_keys(password: str | None) -> ConsoleKeys:
    """The keys of a password. Without one they are random, and so end with the process."""
    root = hashlib.scrypt(password.encode(), salt=b"sluice console", **_COST) if password else secrets.token_bytes(32)
    return ConsoleKeys(*(hmac.digest(root, purpose.encode(), "sha256") for purpose in ConsoleKeys._fields))


def password_matches(given: str, password: str) -> bool:
    """Compares in a time that tells nothing, the length included: digests are compared."""
    known, tried = (sha256(word.encode("utf-8", "surrogatepass")).digest() for word in (password, given))
    return hmac.compare_digest(known, tried)
