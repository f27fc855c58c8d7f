"""Phone numbers and keys in addresses of pages, made unreadable: addresses get into histories, logs and screenshots.

Deterministic authenticated encryption in the manner of SIV (RFC 5297), with HMAC-SHA256 for both of its parts: the tag
over the text is also the nonce of the key stream, so equal texts have equal tokens and a changed token opens nothing.
"""

import base64
import binascii
import hmac

from shared.errors import SluiceError

_TAG = 16  # bytes


class InvalidUrlToken(SluiceError):
    """A token that this console did not make, or made with another password."""


class UrlTokenCipher:
    """Hides texts in tokens fit for an address, and finds them again."""

    def __init__(self, key: bytes) -> None:
        self._tag_key = hmac.digest(key, b"tag", "sha256")
        self._stream_key = hmac.digest(key, b"stream", "sha256")

    def hide(self, text: str) -> str:
        """The text's token."""
        plain = text.encode("utf-8", "surrogatepass")
        tag = self._tag(plain)
        return base64.urlsafe_b64encode(tag + self._mix(tag, plain)).decode().rstrip("=")

    def reveal(self, token: str) -> str:
        """The text of a token. Raises InvalidUrlToken."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidUrlToken("this is no token") from None
        tag, plain = raw[:_TAG], self._mix(raw[:_TAG], raw[_TAG:])
        if not hmac.compare_digest(tag, self._tag(plain)):
            raise InvalidUrlToken("this token is not of this console")
        return plain.decode("utf-8", "surrogatepass")

    def _tag(self, plain: bytes) -> bytes:
        return hmac.digest(self._tag_key, plain, "sha256")[:_TAG]

    def _mix(self, tag: bytes, text: bytes) -> bytes:
        blocks = (
            hmac.digest(self._stream_key, tag + bytes([n >> 8, n & 255]), "sha256") for n in range(len(text) // 32 + 1)
        )
        return bytes(a ^ b for a, b in zip(text, b"".join(blocks), strict=False))
