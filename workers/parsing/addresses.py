"""Who sent a message, and to whom a status belongs.

Both are read from the message or status alone, never from the contacts in the webhook: the same event may come again in
another webhook with other contacts, and must have the same idempotency key there.
"""

from workers.parsing.coerce import Json, as_phone

#: Names of a message's sender. Without a phone number there is a business-scoped id, under one of three names.
_SENDER = ("from", "from_user_id", "from_bsuid", "user_id")
#: Names of a status's recipient. In a group `recipient_id` is the group; the participant has a field of its own.
_RECIPIENT = ("recipient_participant_id", "recipient_id", "recipient_user_id")
#: Names of a contact's id.
_CONTACT = ("wa_id", "user_id")


def sender(message: Json) -> str | None:
    """Return the customer who wrote: the phone number in digits, else the business-scoped id."""
    return _first(message, _SENDER)


def recipient(status: Json) -> str | None:
    """Return to whom a message was sent: the phone number in digits, else the business-scoped id, else the group."""
    return _first(status, _RECIPIENT)


def contact_id(contact: Json) -> str | None:
    """Return the customer that a contact describes."""
    return _first(contact, _CONTACT)


def _first(body: Json, names: tuple[str, ...]) -> str | None:
    for name in names:
        address = as_phone(body.get(name))
        if address is not None:
            return address
    return None
