"""Whether a word is the console's password."""

import hmac
from hashlib import sha256


def is_right(given: str, password: str) -> bool:
    """Compares in a time that tells nothing, the length included: digests are compared."""
    known, tried = (sha256(word.encode("utf-8", "surrogatepass")).digest() for word in (password, given))
    return hmac.compare_digest(known, tried)
