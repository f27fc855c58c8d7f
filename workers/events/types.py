"""The event types: the names that `@handler("…")` accepts and that the event store's `type` column holds.

Sources: the provider's page (text, media, location, contacts; sent, delivered, read, failed, referral_conversion), and
Meta's message types, which other traffic to the same URL uses.
"""

#: The type of every event that has none of the other types.
UNKNOWN = "unknown"

#: Types of messages with a file, whose metadata the media API gives for the message's media id.
MEDIA_TYPES = frozenset({"image", "video", "audio", "voice", "document", "sticker"})

#: All types of messages, MEDIA_TYPES included.
MESSAGE_TYPES = MEDIA_TYPES | {
    "text",
    "location",
    "contacts",
    "reaction",
    "button",
    "interactive",
    "order",
    "system",
    "edit",
    "revoke",
    "ephemeral",
    "request_welcome",
    "unsupported",
}

#: Types of status updates. Any other status has the type `unknown`; `StatusUpdate.status` holds what the provider sent.
STATUS_TYPES = frozenset({"sent", "delivered", "read", "played", "failed", "referral_conversion"})

#: All event types: messages, status updates and `unknown`.
TYPES = MESSAGE_TYPES | STATUS_TYPES | {UNKNOWN}
