"""Whom a message is from, and whom a status is about.

Both read the item alone, never the contacts that came along: the same item may come again in another batch
with other contacts, and has to have the same identity there.
"""

from workers.parsing.coerce import Json, as_phone

#: Where a message names its sender. Without a phone number there is a business-scoped id, under one of three names.
_SENDER = ("from", "from_user_id", "from_bsuid", "user_id")
#: Where a status names its recipient: in a group `recipient_id` is the group, the participant has a field of its own.
_RECIPIENT = ("recipient_participant_id", "recipient_id", "recipient_user_id")
#: Where a contact names itself.
_CONTACT = ("wa_id", "user_id")


def sender(message: Json) -> str | None:
    """The customer who wrote: phone number in digits, else the business-scoped id."""
    return _first(message, _SENDER)


def recipient(status: Json) -> str | None:
    """The customer a message was sent to: phone number in digits, else the business-scoped id, else the group."""
    return _first(status, _RECIPIENT)


def contact_id(contact: Json) -> str | None:
    """The customer a contact describes."""
    return _first(contact, _CONTACT)


def _first(body: Json, names: tuple[str, ...]) -> str | None:
    for name in names:
        who = as_phone(body.get(name))
        if who is not None:
            return who
    return None
