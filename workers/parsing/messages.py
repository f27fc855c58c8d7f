"""Build messages: one function per type, from the fields that all messages share and the message's own JSON object.

Sources: the provider's page for text, location and contacts; Meta's Cloud API, "Messages webhook", for the rest.
"""

from typing import Any

from shared.errors import InvalidJSON
from shared.wire.lenient_json import loads
from workers.events import (
    AudioMessage,
    ButtonMessage,
    ContactCard,
    ContactsMessage,
    DocumentMessage,
    EditMessage,
    ImageMessage,
    InteractiveMessage,
    LocationMessage,
    MediaMessage,
    MediaMetadata,
    OrderMessage,
    ReactionMessage,
    RevokeMessage,
    StickerMessage,
    SystemMessage,
    TextMessage,
    UnknownMessage,
    VideoMessage,
    VoiceMessage,
)
from workers.parsing.coerce import Json, as_boolean, as_identifier, as_list, as_number, as_object, as_phone, as_text
from workers.parsing.common_fields import Fields


def text_message(common: Fields, body: Json) -> TextMessage:
    """Return a text."""
    return TextMessage(**common, text=as_text(as_object(body.get("text")).get("body")))


def location_message(common: Fields, body: Json) -> LocationMessage:
    """Return a location, in degrees."""
    part = as_object(body.get("location"))
    return LocationMessage(
        **common,
        latitude=as_number(part.get("latitude")),
        longitude=as_number(part.get("longitude")),
        name=as_text(part.get("name")),
        address=as_text(part.get("address")),
        url=as_text(part.get("url")),
    )


def reaction_message(common: Fields, body: Json) -> ReactionMessage:
    """Return a reaction. An empty or missing emoji removes it."""
    part = as_object(body.get("reaction"))
    # One sender misspells the name.
    message_id = as_identifier(part.get("message_id")) or as_identifier(part.get("messsage_id"))
    return ReactionMessage(**common, emoji=as_text(part.get("emoji")) or None, message_id=message_id)


def button_message(common: Fields, body: Json) -> ButtonMessage:
    """Return a press of a template's button."""
    part = as_object(body.get("button"))
    return ButtonMessage(**common, text=as_text(part.get("text")), payload=as_text(part.get("payload")))


def order_message(common: Fields, body: Json) -> OrderMessage:
    """Return an order."""
    part = as_object(body.get("order"))
    items = tuple(as_list(part.get("product_items")))
    return OrderMessage(
        **common, catalog_id=as_identifier(part.get("catalog_id")), text=as_text(part.get("text")), items=items
    )


def system_message(common: Fields, body: Json) -> SystemMessage:
    """Return a change of a customer's number. It is in `new_wa_id`, or since Cloud API 12 in `wa_id`."""
    part = as_object(body.get("system"))
    new_number = as_phone(part.get("new_wa_id")) or as_phone(part.get("wa_id"))
    return SystemMessage(
        **common, text=as_text(part.get("body")), change=as_text(part.get("type")), new_wa_id=new_number
    )


def edit_message(common: Fields, body: Json) -> EditMessage:
    """Return an edit of an earlier message."""
    return EditMessage(**common, message_id=_earlier_message_id(as_object(body.get("edit"))))


def revoke_message(common: Fields, body: Json) -> RevokeMessage:
    """Return a deletion of an earlier message."""
    return RevokeMessage(**common, message_id=_earlier_message_id(as_object(body.get("revoke"))))


def unknown_message(common: Fields, body: Json) -> UnknownMessage:
    """Return a message of an unknown type, or without a type."""
    return UnknownMessage(**common, stated_type=as_text(body.get("type")))


def _earlier_message_id(part: Json) -> str | None:
    return as_identifier(part.get("message_id")) or as_identifier(part.get("original_message_id"))


def contacts_message(common: Fields, body: Json) -> ContactsMessage:
    """Return contact cards. Entries that are not objects are left out; `raw` has them."""
    cards = tuple(_card(entry) for entry in as_list(body.get("contacts")) if isinstance(entry, dict))
    return ContactsMessage(**common, cards=cards)


def _card(card: Json) -> ContactCard:
    name = as_object(card.get("name"))
    phones = [as_object(entry) for entry in as_list(card.get("phones"))]
    return ContactCard(
        formatted_name=as_text(name.get("formatted_name")),
        first_name=as_text(name.get("first_name")),
        last_name=as_text(name.get("last_name")),
        phones=_identifiers(phones, "phone"),
        wa_ids=_identifiers(phones, "wa_id"),
        raw=card,
    )


def _identifiers(entries: list[Json], name: str) -> tuple[str, ...]:
    values = (as_identifier(entry.get(name)) for entry in entries)
    return tuple(value for value in values if value is not None)


def media_message(kind: str, common: Fields, body: Json, metadata: MediaMetadata | None) -> MediaMessage:
    """Return a message of one of MEDIA_TYPES. `metadata` is the media API's answer."""
    part = as_object(body.get(kind))
    fields = {**common, **_file_fields(part), "metadata": metadata}
    match kind:
        case "image":
            return ImageMessage(**fields)
        case "video":
            return VideoMessage(**fields)
        case "audio":
            return AudioMessage(**fields, voice=as_boolean(part.get("voice")) or False)
        case "voice":
            return VoiceMessage(**fields, voice=as_boolean(part.get("voice")) is not False)
        case "sticker":
            return StickerMessage(**fields, animated=as_boolean(part.get("animated")) or False)
        case _:
            return DocumentMessage(**fields)


def _file_fields(part: Json) -> dict[str, Any]:
    return {
        "media_id": as_identifier(part.get("id")),
        "mime_type": as_text(part.get("mime_type")),
        "sha256": as_text(part.get("sha256")),
        "caption": as_text(part.get("caption")),
        "filename": as_text(part.get("filename")),
        "link": as_text(part.get("link")) or as_text(part.get("url")),
    }


def interactive_message(common: Fields, body: Json) -> InteractiveMessage:
    """Return an answer to an interactive message."""
    part = as_object(body.get("interactive"))
    subtype = as_text(part.get("type"))
    reply = as_object(part.get(subtype or ""))
    return InteractiveMessage(
        **common,
        subtype=subtype,
        reply_id=as_identifier(reply.get("id")),
        title=as_text(reply.get("title")),
        description=as_text(reply.get("description")),
        response=_response(part, reply),
    )


def _response(part: Json, reply: Json) -> Any:
    """Return what the customer entered: a form's answers, a flow's data, or the response to a call request."""
    answers = reply.get("response_json")
    if answers is not None:
        return _decoded(answers)
    data = part.get("flow_response_data")
    return reply.get("response") if data is None else data


def _decoded(answers: Any) -> Any:
    if not isinstance(answers, str):
        return answers
    try:
        return loads(answers.encode("utf-8", "surrogatepass"))
    except InvalidJSON:
        return answers
