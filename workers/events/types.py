"""The names of the event types: what `@handler("…")` takes and what the tables' `type` column holds.

Sources: the provider's page (text, media, location, contacts; sent, delivered, read, failed,
referral_conversion) and Meta's message types, which other traffic on the same URL uses.
"""

UNKNOWN = "unknown"

#: Message types whose metadata can be asked for by media id.
MEDIA_TYPES = frozenset({"image", "video", "audio", "voice", "document", "sticker"})

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

#: Statuses with a meaning of their own; every other one is an `unknown` status, its word kept in `status`.
STATUS_TYPES = frozenset({"sent", "delivered", "read", "played", "failed", "referral_conversion"})

TYPES = MESSAGE_TYPES | STATUS_TYPES | {UNKNOWN}
