"""Messages with a file, typed. Source: the provider's page, "Media Message"; stickers: Meta's message types."""

from typing import Any

from workers.events.messages import (
    AudioMessage,
    DocumentMessage,
    ImageMessage,
    MediaMessage,
    MediaMetadata,
    StickerMessage,
    VideoMessage,
    VoiceMessage,
)
from workers.parsing.coerce import Json, boolean, identifier, record, text
from workers.parsing.common_fields import Fields


def media(kind: str, common: Fields, body: Json, metadata: MediaMetadata | None) -> MediaMessage:
    """A message of one of MEDIA_TYPES; `metadata` is what the media API said of it."""
    part = record(body.get(kind))
    fields = {**common, **_file(part), "metadata": metadata}
    match kind:
        case "image":
            return ImageMessage(**fields)
        case "video":
            return VideoMessage(**fields)
        case "audio":
            return AudioMessage(**fields, voice=boolean(part.get("voice")) or False)
        case "voice":
            return VoiceMessage(**fields, voice=boolean(part.get("voice")) is not False)
        case "sticker":
            return StickerMessage(**fields, animated=boolean(part.get("animated")) or False)
        case _:
            return DocumentMessage(**fields)


def _file(part: Json) -> dict[str, Any]:
    return {
        "media_id": identifier(part.get("id")),
        "mime_type": text(part.get("mime_type")),
        "sha256": text(part.get("sha256")),
        "caption": text(part.get("caption")),
        "filename": text(part.get("filename")),
        "link": text(part.get("link")) or text(part.get("url")),
    }
