"""Messages with a file, one class per type, and the metadata that the provider's media API gives for it."""

from datetime import datetime

import msgspec

from workers.events.messages import Message


class MediaMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider's media API answered for a media id.

    Attributes:
        id (str | None): The media id. None if the message had none.
        url (str | None): Address to download the file from. It expires within minutes: ask the API again by `id` when
            you need the file. None if the lookup failed.
        mime_type (str | None): The file's MIME type. None if missing.
        sha256 (str | None): The file's SHA-256 digest as the API wrote it: base64 or hexadecimal. None if missing.
        file_size (int | None): The file's size in bytes. None if missing.
        fetched_at (datetime | None): When the API answered, in UTC. None if the lookup failed.
        error (str | None): Why the lookup failed. None if it succeeded.
    """

    id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | None = None
    fetched_at: datetime | None = None
    error: str | None = None


class MediaMessage(Message, frozen=True, kw_only=True):
    """A message with a file. The webhook holds the file's id only; Sluice asks the media API for its metadata.

    Attributes:
        media_id (str | None): The file's id at the provider. None if missing.
        mime_type (str | None): MIME type as the webhook gives it. None if missing.
        sha256 (str | None): SHA-256 digest as the webhook gives it. None if missing.
        caption (str | None): Text that the customer wrote with the file. None if missing.
        filename (str | None): Name of the file, mostly of documents. None if missing.
        link (str | None): Address of the file (`link`, else `url`), which few senders give. None if missing.
        metadata (MediaMetadata | None): The media API's answer, or why there is none (`metadata.error`). None if
            Sluice is not configured to ask (`SLUICE_MEDIA_URL`).

    Example:
        ```python
        @handler("image", "document")
        def archive(event: MediaMessage) -> None:
            if event.metadata is None or event.metadata.url is None:
                raise Reject("the file's address is not known")
            archive_file(event.metadata.url, name=event.key)
        ```
    """

    media_id: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    link: str | None = None
    metadata: MediaMetadata | None = None


class ImageMessage(MediaMessage, frozen=True, kw_only=True):
    """An image (`type: image`)."""


class VideoMessage(MediaMessage, frozen=True, kw_only=True):
    """A video (`type: video`)."""


class AudioMessage(MediaMessage, frozen=True, kw_only=True):
    """A sound file or a voice note (`type: audio`).

    Attributes:
        voice (bool): True for a voice note.
    """

    voice: bool = False


class VoiceMessage(AudioMessage, frozen=True, kw_only=True):
    """A voice note by its older name (`type: voice`)."""


class DocumentMessage(MediaMessage, frozen=True, kw_only=True):
    """A document (`type: document`)."""


class StickerMessage(MediaMessage, frozen=True, kw_only=True):
    """A sticker (`type: sticker`).

    Attributes:
        animated (bool): True for an animated sticker.
    """

    animated: bool = False
