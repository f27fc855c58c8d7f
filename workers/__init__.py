"""Sluice's public API: handlers, what they may raise, and the events they are called with.

Names are loaded when they are first used, so `import workers` itself loads nothing else: `sluice health`, which a
probe runs every few seconds, goes through this package. Everything that is not listed in `__all__` is private.

Example:
    ```python
    from workers import Reject, Retry, TextMessage, handler

    @handler("text", retry=Retry(attempts=5))
    def greet(event: TextMessage) -> None:
        if event.customer is None:
            raise Reject("the message does not name its sender")
        crm.note_contact(event.customer, event.text, idempotency_key=event.key)
    ```
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.events import (
        MEDIA_TYPES,
        MESSAGE_TYPES,
        STATUS_TYPES,
        TYPES,
        UNKNOWN,
        AudioMessage,
        ButtonMessage,
        Contact,
        ContactCard,
        ContactsMessage,
        Context,
        Conversation,
        DocumentMessage,
        EditMessage,
        EphemeralMessage,
        ErrorDetail,
        Event,
        ImageMessage,
        InteractiveMessage,
        Kind,
        LocationMessage,
        MediaMessage,
        MediaMetadata,
        Message,
        OrderMessage,
        Pricing,
        ReactionMessage,
        Referral,
        RequestWelcomeMessage,
        RevokeMessage,
        StatusUpdate,
        StickerMessage,
        SystemMessage,
        TextMessage,
        UnknownEvent,
        UnknownMessage,
        UnsupportedMessage,
        VideoMessage,
        VoiceMessage,
    )
    from workers.handlers import Reject, Retry, Unavailable, handler

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
    "Reject",
    "RequestWelcomeMessage",
    "Retry",
    "RevokeMessage",
    "StatusUpdate",
    "StickerMessage",
    "SystemMessage",
    "TextMessage",
    "Unavailable",
    "UnknownEvent",
    "UnknownMessage",
    "UnsupportedMessage",
    "VideoMessage",
    "VoiceMessage",
    "handler",
]

#: The names of `workers.handlers`; all other public names are those of `workers.events`.
_HANDLER_NAMES = frozenset({"Reject", "Retry", "Unavailable", "handler"})

if not TYPE_CHECKING:  # a type checker that saw this function would accept every name

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        source = "workers.handlers" if name in _HANDLER_NAMES else "workers.events"
        value = getattr(importlib.import_module(source), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """List the public names, whether they are loaded yet or not."""
        return sorted({*globals(), *__all__})
