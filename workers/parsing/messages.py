"""Messages without a file, typed: one function a type.

Sources: the provider's page for text, location and contacts; Meta's Cloud API, "Messages webhook", for the rest.
Each function is given the fields it shares with the others, and the message.
"""

from workers.events.messages import (
    ButtonMessage,
    EditMessage,
    LocationMessage,
    OrderMessage,
    ReactionMessage,
    RevokeMessage,
    SystemMessage,
    TextMessage,
    UnknownMessage,
)
from workers.parsing.coerce import Json, each, identifier, number, phone, record, text
from workers.parsing.common_fields import Fields


def written(common: Fields, body: Json) -> TextMessage:
    """`type: text`."""
    return TextMessage(**common, text=text(record(body.get("text")).get("body")))


def location(common: Fields, body: Json) -> LocationMessage:
    """`type: location`; degrees."""
    part = record(body.get("location"))
    return LocationMessage(
        **common,
        latitude=number(part.get("latitude")),
        longitude=number(part.get("longitude")),
        name=text(part.get("name")),
        address=text(part.get("address")),
        url=text(part.get("url")),
    )


def reaction(common: Fields, body: Json) -> ReactionMessage:
    """`type: reaction`; an empty or absent emoji takes the reaction back."""
    part = record(body.get("reaction"))
    about = identifier(part.get("message_id")) or identifier(part.get("messsage_id"))  # so misspelt at one sender
    return ReactionMessage(**common, emoji=text(part.get("emoji")) or None, message_id=about)


def button(common: Fields, body: Json) -> ButtonMessage:
    """`type: button`."""
    part = record(body.get("button"))
    return ButtonMessage(**common, text=text(part.get("text")), payload=text(part.get("payload")))


def order(common: Fields, body: Json) -> OrderMessage:
    """`type: order`."""
    part = record(body.get("order"))
    items = tuple(each(part.get("product_items")))
    return OrderMessage(
        **common, catalog_id=identifier(part.get("catalog_id")), text=text(part.get("text")), items=items
    )


def system(common: Fields, body: Json) -> SystemMessage:
    """`type: system`; the new number is `new_wa_id`, since Cloud API 12 `wa_id`."""
    part = record(body.get("system"))
    number_now = phone(part.get("new_wa_id")) or phone(part.get("wa_id"))
    return SystemMessage(**common, text=text(part.get("body")), change=text(part.get("type")), new_wa_id=number_now)


def edit(common: Fields, body: Json) -> EditMessage:
    """`type: edit`."""
    return EditMessage(**common, message_id=_earlier(record(body.get("edit"))))


def revoke(common: Fields, body: Json) -> RevokeMessage:
    """`type: revoke`."""
    return RevokeMessage(**common, message_id=_earlier(record(body.get("revoke"))))


def unknown(common: Fields, body: Json) -> UnknownMessage:
    """A message of any other type, or of none."""
    return UnknownMessage(**common, stated_type=text(body.get("type")))


def _earlier(part: Json) -> str | None:
    return identifier(part.get("message_id")) or identifier(part.get("original_message_id"))
