"""Derived fields of a message: its readable text, the message that it refers to, and its media row."""

from workers.events import (
    ButtonMessage,
    ContactsMessage,
    EditMessage,
    InteractiveMessage,
    LocationMessage,
    MediaMessage,
    Message,
    OrderMessage,
    ReactionMessage,
    RevokeMessage,
    SystemMessage,
    TextMessage,
)


def text_of(message: Message) -> str | None:
    """Return the text that a person would read, or None (a file without a caption, a type without content)."""
    match message:
        case TextMessage() | OrderMessage() | SystemMessage():
            return message.text
        case MediaMessage():
            return message.caption
        case ButtonMessage():
            return message.text or message.payload
        case InteractiveMessage():
            return message.title or message.description
        case ReactionMessage():
            return message.emoji
        case LocationMessage():
            return _joined(message.name, message.address)
        case ContactsMessage():
            return _joined(*(card.formatted_name or card.first_name for card in message.cards))
    return None


def reply_to(message: Message) -> str | None:
    """Return the wamid that the message reacts to, edits or revokes, else the one that it replies to."""
    match message:
        case ReactionMessage() | EditMessage() | RevokeMessage() if message.message_id:
            return message.message_id
    return message.context.id if message.context else None


def media_id(message: Message) -> str | None:
    """Return the id of the `media` row of the message's file; a file that came only as a link has its message's id."""
    if not isinstance(message, MediaMessage):
        return None
    if message.media_id:
        return message.media_id
    return f"link:{message.wamid}" if message.link and message.wamid else None


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None
