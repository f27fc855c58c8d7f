"""Messages without a file: what customers sent, one class per type.

Fields follow the provider's page, or Meta's "Messages webhook" for types that are not on it.
"""

from typing import Any

import msgspec

from workers.events.base import Context, Event, Referral


class Message(Event, frozen=True, kw_only=True):
    """A message from a customer: the fields of every type.

    Attributes:
        wamid (str | None): The message's id, usually `wamid.…`. None if missing.
        customer (str | None): Who wrote it: digits of the phone number, else the business-scoped id. None if missing.
        context (Context | None): The message it replies to, or that it was forwarded. None if neither.
        referral (Referral | None): The advertisement that led the customer here. None if there was none.
        group_id (str | None): Id of the group. None outside groups.
    """

    wamid: str | None = None
    customer: str | None = None
    context: Context | None = None
    referral: Referral | None = None
    group_id: str | None = None


class TextMessage(Message, frozen=True, kw_only=True):
    """A text (`type: text`).

    Attributes:
        text (str | None): What the customer wrote. None if missing.

    Example:
        ```python
        @handler("text")
        def answer(event: TextMessage) -> None:
            replies.send(to=event.customer, text=f"You wrote: {event.text}", idempotency_key=event.key)
        ```
    """

    text: str | None = None


class LocationMessage(Message, frozen=True, kw_only=True):
    """A location (`type: location`).

    Attributes:
        latitude (float | None): Degrees, positive to the north. None if missing or not a number.
        longitude (float | None): Degrees, positive to the east. None if missing or not a number.
        name (str | None): Name of the place. None if missing.
        address (str | None): Address of the place. None if missing.
        url (str | None): The place's web address. None if missing.
    """

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None
    url: str | None = None


class ContactCard(msgspec.Struct, frozen=True, kw_only=True):
    """One contact card of a ContactsMessage.

    Attributes:
        formatted_name (str | None): Full name. None if missing.
        first_name (str | None): First name. None if missing.
        last_name (str | None): Last name. None if missing.
        phones (tuple[str, ...]): Phone numbers as written on the card; empty if there are none.
        wa_ids (tuple[str, ...]): WhatsApp ids of these numbers; empty if there are none.
        raw (Any): The whole card as it came, with e-mail addresses, postal addresses and organisation.
    """

    formatted_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phones: tuple[str, ...] = ()
    wa_ids: tuple[str, ...] = ()
    raw: Any = None


class ContactsMessage(Message, frozen=True, kw_only=True):
    """Contact cards (`type: contacts`).

    Attributes:
        cards (tuple[ContactCard, ...]): The cards; empty if there are none.
    """

    cards: tuple[ContactCard, ...] = ()


class ReactionMessage(Message, frozen=True, kw_only=True):
    """A reaction to a message (`type: reaction`).

    Attributes:
        emoji (str | None): The emoji. None if the customer removed the reaction.
        message_id (str | None): Id (wamid) of the message reacted to. None if missing.
    """

    emoji: str | None = None
    message_id: str | None = None


class ButtonMessage(Message, frozen=True, kw_only=True):
    """A press of a template's quick-reply button (`type: button`).

    Attributes:
        text (str | None): The button's label. None if missing.
        payload (str | None): The button's payload, which you set in the template. None if missing.
    """

    text: str | None = None
    payload: str | None = None


class InteractiveMessage(Message, frozen=True, kw_only=True):
    """An answer to an interactive message (`type: interactive`).

    Attributes:
        subtype (str | None): Kind of answer: `button_reply`, `list_reply`, `nfm_reply`, `call_permission_reply`,
            `flow` and others. None if missing.
        reply_id (str | None): Id of the button or row chosen. None if missing.
        title (str | None): Its title. None if missing.
        description (str | None): Its description. None if missing.
        response (Any): What the customer entered in a form or flow, decoded if it is JSON, else as it came. None if
            there is nothing.
    """

    subtype: str | None = None
    reply_id: str | None = None
    title: str | None = None
    description: str | None = None
    response: Any = None


class OrderMessage(Message, frozen=True, kw_only=True):
    """An order from a catalogue (`type: order`).

    Attributes:
        catalog_id (str | None): Id of the catalogue. None if missing.
        text (str | None): Text that the customer wrote with the order. None if missing.
        items (tuple[Any, ...]): The products ordered (`product_items`) as they came; empty if there are none.
    """

    catalog_id: str | None = None
    text: str | None = None
    items: tuple[Any, ...] = ()


class SystemMessage(Message, frozen=True, kw_only=True):
    """A notice that a customer's number or identity changed (`type: system`).

    Attributes:
        text (str | None): The notice (`system.body`). None if missing.
        change (str | None): What changed (`system.type`). None if missing.
        new_wa_id (str | None): The new number in digits. None if missing.
    """

    text: str | None = None
    change: str | None = None
    new_wa_id: str | None = None


class EditMessage(Message, frozen=True, kw_only=True):
    """A customer edited an earlier message (`type: edit`).

    Attributes:
        message_id (str | None): Id (wamid) of that message. None if missing.
    """

    message_id: str | None = None


class RevokeMessage(Message, frozen=True, kw_only=True):
    """A customer deleted an earlier message (`type: revoke`).

    Attributes:
        message_id (str | None): Id (wamid) of that message. None if missing.
    """

    message_id: str | None = None


class EphemeralMessage(Message, frozen=True, kw_only=True):
    """A disappearing message, which comes without its content (`type: ephemeral`)."""


class RequestWelcomeMessage(Message, frozen=True, kw_only=True):
    """A customer opened the chat for the first time (`type: request_welcome`)."""


class UnsupportedMessage(Message, frozen=True, kw_only=True):
    """A message that the provider does not pass on (`type: unsupported`); `errors` says why, mostly code 131051."""


class UnknownMessage(Message, frozen=True, kw_only=True):
    """A message of a type that Sluice does not know, or without a type.

    Attributes:
        stated_type (str | None): The type as it came. None if missing.
    """

    stated_type: str | None = None
