"""Messages: what customers sent. One class a type; fields as on the provider's page, or Meta's for other types."""

from datetime import datetime
from typing import Any

import msgspec

from workers.events.base import Context, Event, Referral


class Message(Event, frozen=True, kw_only=True):
    """Any message from a customer."""

    wamid: str | None = None  # `id`: mostly `wamid.…`, not always
    customer: str | None = None  # phone number in digits, else the business-scoped id, else None
    context: Context | None = None
    referral: Referral | None = None
    group_id: str | None = None


class TextMessage(Message, frozen=True, kw_only=True):
    """`type: text`."""

    text: str | None = None  # text.body


class MediaMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider's media API said of a media id. `error` in place of the rest if it could not be had."""

    id: str | None = None
    url: str | None = None  # short-lived: ask again by id when it is needed
    mime_type: str | None = None
    sha256: str | None = None  # as the API wrote it (base64 or hexadecimal)
    file_size: int | None = None  # bytes
    fetched_at: datetime | None = None
    error: str | None = None


class MediaMessage(Message, frozen=True, kw_only=True):
    """Any message with a file. The webhook carries its id; `metadata` is what the media lane fetched."""

    media_id: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    link: str | None = None  # `link` or `url`, where the sender gave one
    metadata: MediaMetadata | None = None


class ImageMessage(MediaMessage, frozen=True, kw_only=True):
    """`type: image`."""


class VideoMessage(MediaMessage, frozen=True, kw_only=True):
    """`type: video`."""


class AudioMessage(MediaMessage, frozen=True, kw_only=True):
    """`type: audio`; `voice` is true for a voice note."""

    voice: bool = False


class VoiceMessage(AudioMessage, frozen=True, kw_only=True):
    """`type: voice`, an older spelling of a voice note."""


class DocumentMessage(MediaMessage, frozen=True, kw_only=True):
    """`type: document`."""


class StickerMessage(MediaMessage, frozen=True, kw_only=True):
    """`type: sticker`."""

    animated: bool = False


class LocationMessage(Message, frozen=True, kw_only=True):
    """`type: location`."""

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None
    url: str | None = None


class ContactCard(msgspec.Struct, frozen=True, kw_only=True):
    """One card of a `contacts` message."""

    formatted_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phones: tuple[str, ...] = ()  # as written on the card
    wa_ids: tuple[str, ...] = ()
    raw: Any = None  # e-mails, addresses, organisation … as they came


class ContactsMessage(Message, frozen=True, kw_only=True):
    """`type: contacts`: contact cards."""

    cards: tuple[ContactCard, ...] = ()


class ReactionMessage(Message, frozen=True, kw_only=True):
    """`type: reaction`; `emoji` is None when the reaction was taken back."""

    emoji: str | None = None
    message_id: str | None = None


class ButtonMessage(Message, frozen=True, kw_only=True):
    """`type: button`: a template's quick reply was pressed."""

    text: str | None = None
    payload: str | None = None


class InteractiveMessage(Message, frozen=True, kw_only=True):
    """`type: interactive`; `subtype` is button_reply, list_reply, nfm_reply, call_permission_reply, flow …"""

    subtype: str | None = None
    reply_id: str | None = None  # id of the chosen button or row
    title: str | None = None
    description: str | None = None
    response: Any = None  # nfm_reply.response_json decoded where it is JSON, else as it came


class OrderMessage(Message, frozen=True, kw_only=True):
    """`type: order`."""

    catalog_id: str | None = None
    text: str | None = None
    items: tuple[Any, ...] = ()  # product_items as they came


class SystemMessage(Message, frozen=True, kw_only=True):
    """`type: system`: a number or an identity changed."""

    text: str | None = None  # system.body
    change: str | None = None  # system.type
    new_wa_id: str | None = None


class EditMessage(Message, frozen=True, kw_only=True):
    """`type: edit`: the customer changed an earlier message."""

    message_id: str | None = None


class RevokeMessage(Message, frozen=True, kw_only=True):
    """`type: revoke`: the customer deleted an earlier message."""

    message_id: str | None = None


class EphemeralMessage(Message, frozen=True, kw_only=True):
    """`type: ephemeral`: a disappearing message, without its content."""


class RequestWelcomeMessage(Message, frozen=True, kw_only=True):
    """`type: request_welcome`: a customer opened the chat for the first time."""


class UnsupportedMessage(Message, frozen=True, kw_only=True):
    """`type: unsupported`: `errors` says why, mostly 131051."""


class UnknownMessage(Message, frozen=True, kw_only=True):
    """A message of any other type, or of none; `stated_type` is the word it came with."""

    stated_type: str | None = None
