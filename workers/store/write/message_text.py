"""What a person would read of a message, and what it refers to: the `text` and `reply_to` of its row."""

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
    """The words of a message; None where it has none (a file without a caption, a type without content)."""
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
    """The wamid a message reacts to, edits or revokes, else the one it replies to."""
    match message:
        case ReactionMessage() | EditMessage() | RevokeMessage() if message.message_id:
            return message.message_id
    return message.context.id if message.context else None


def media_id(message: Message) -> str | None:
    """The row of `media` a message's file has. A file that came as a mere link goes by its message's id."""
    if not isinstance(message, MediaMessage):
        return None
    if message.media_id:
        return message.media_id
    return f"link:{message.wamid}" if message.link and message.wamid else None


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None
