"""The event classes: what handlers are called with.

A webhook holds any number of events. Each is a *message* (a customer wrote), a *status update* (something became of a
message to a customer) or *unknown* (anything else the provider sent; kept whole). Fields that are missing in a payload,
or of the wrong type, are None or empty; `Event.raw` always has the event's part of the payload as it came.

Example:
    ```python
    from workers.events import StatusUpdate, TextMessage
    ```
"""

from workers.events.base import Contact, Context, ErrorDetail, Event, Kind, Referral, UnknownEvent
from workers.events.media import (
    AudioMessage,
    DocumentMessage,
    ImageMessage,
    MediaMessage,
    MediaMetadata,
    StickerMessage,
    VideoMessage,
    VoiceMessage,
)
from workers.events.messages import (
    ButtonMessage,
    ContactCard,
    ContactsMessage,
    EditMessage,
    EphemeralMessage,
    InteractiveMessage,
    LocationMessage,
    Message,
    OrderMessage,
    ReactionMessage,
    RequestWelcomeMessage,
    RevokeMessage,
    SystemMessage,
    TextMessage,
    UnknownMessage,
    UnsupportedMessage,
)
from workers.events.statuses import Conversation, Pricing, StatusUpdate
from workers.events.types import MEDIA_TYPES, MESSAGE_TYPES, STATUS_TYPES, TYPES, UNKNOWN

__all__ = [
    "MEDIA_TYPES",
    "MESSAGE_TYPES",
    "STATUS_TYPES",
    "TYPES",
    "UNKNOWN",
    "AudioMessage",
    "ButtonMessage",
    "Contact",
    "ContactCard",
    "ContactsMessage",
    "Context",
    "Conversation",
    "DocumentMessage",
    "EditMessage",
    "EphemeralMessage",
    "ErrorDetail",
    "Event",
    "ImageMessage",
    "InteractiveMessage",
    "Kind",
    "LocationMessage",
    "MediaMessage",
    "MediaMetadata",
    "Message",
    "OrderMessage",
    "Pricing",
    "ReactionMessage",
    "Referral",
    "RequestWelcomeMessage",
    "RevokeMessage",
    "StatusUpdate",
    "StickerMessage",
    "SystemMessage",
    "TextMessage",
    "UnknownEvent",
    "UnknownMessage",
    "UnsupportedMessage",
    "VideoMessage",
    "VoiceMessage",
]
