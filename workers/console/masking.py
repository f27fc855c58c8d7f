"""What of a stranger's text a page shows: no control characters, and phone numbers only to those who asked."""

import re

from markupsafe import Markup

from shared.observability.logging import mask_phone_numbers
from shared.text import escape_control_chars, escape_keep_newlines

#: Characters that change the direction of what follows; a name could make a page read otherwise than it is.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PHONE = re.compile(r"\d{7,15}")
_WAMID = re.compile(r"wamid\.[A-Za-z0-9+/=_-]{12,}")


def plain(text: object, *, shown: bool, whole: bool = False) -> str:
    """The text with control characters spelt out, and masked unless numbers are `shown`. `whole`: with its lines."""
    words = str(text)
    words = escape_keep_newlines(words) if whole else escape_control_chars(words)
    words = _DIRECTION.sub(lambda found: f"\\u{ord(found[0]):04x}", words)
    return words if shown else mask_phone_numbers(_WAMID.sub(_short_wamid, words))


def isolate_untrusted(text: object, *, shown: bool) -> Markup:
    """The same as HTML, isolated from the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(plain(text, shown=shown))


def number(customer: object, *, shown: bool) -> str:
    """A customer's number: 9198…678 unless shown; a business-scoped id as it is."""
    text = plain(customer, shown=True)
    return text if shown or not _PHONE.fullmatch(text) else f"{text[:4]}…{text[-3:]}"


def _short_wamid(found: re.Match[str]) -> str:
    # Its first part is the customer's number in base64.
    return f"wamid.…{found[0][-8:]}"
