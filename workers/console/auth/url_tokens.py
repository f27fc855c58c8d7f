"""Encrypted tokens for phone numbers and event keys in page URLs, which end up in histories, logs and screenshots.

AES-SIV (RFC 5297) without a nonce is deterministic: equal texts have equal tokens, so links are stable, and a changed
token doesn't decrypt.
"""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.errors import SluiceError


class InvalidUrlToken(SluiceError):
    """The token wasn't made by this console, or was made under another password."""


class UrlTokenCipher:
    """Encrypt texts into URL-safe tokens and decrypt them. The key has 32, 48 or 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def hide(self, text: str) -> str:
        """Return the token of `text`."""
        encrypted = self._cipher.encrypt(text.encode("utf-8", "surrogatepass"), None)
        return base64.urlsafe_b64encode(encrypted).decode().rstrip("=")

    def reveal(self, token: str) -> str:
        """Return the text of `token`. Raises InvalidUrlToken."""
        try:
            encrypted = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(encrypted, None).decode("utf-8", "surrogatepass")
        except (binascii.Error, ValueError, InvalidTag):
            raise InvalidUrlToken("invalid or foreign URL token") from None
