"""Make text from outside safe to show: no control characters, and phone numbers only for those who asked for them."""

import re

from markupsafe import Markup

from shared.observability.logging import mask_phone_numbers
from shared.text import escape_control_chars, escape_keep_newlines

#: Characters that change the direction of the following text, with which a name could make a page misleading.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PHONE = re.compile(r"\d{7,15}")
_WAMID = re.compile(r"wamid\.[A-Za-z0-9+/=_-]{12,}")


def safe_text(text: object, *, show_numbers: bool, multiline: bool = False) -> str:
    """Return the text with control characters escaped (newlines too unless `multiline`) and phone numbers masked."""
    escaped = escape_keep_newlines(str(text)) if multiline else escape_control_chars(str(text))
    escaped = _DIRECTION.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return escaped if show_numbers else mask_phone_numbers(_WAMID.sub(_shorten_wamid, escaped))


def isolate_untrusted(text: object, *, show_numbers: bool) -> Markup:
    """Return the safe text as HTML, with its direction isolated from the text around it."""
    return Markup("<bdi>{}</bdi>").format(safe_text(text, show_numbers=show_numbers))


def customer_number(customer: object, *, show_numbers: bool) -> str:
    """Return a phone number, masked as 9198…678 unless `show_numbers`, or a business-scoped id unchanged."""
    text = safe_text(customer, show_numbers=True)
    return text if show_numbers or not _PHONE.fullmatch(text) else f"{text[:4]}…{text[-3:]}"


def _shorten_wamid(found: re.Match[str]) -> str:
    # Its first part contains the customer's number in base64.
    return f"wamid.…{found[0][-8:]}"
