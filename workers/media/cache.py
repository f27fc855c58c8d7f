"""A cache of recently fetched metadata in Redis, so that each media id is looked up once for all processes."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec
import redis

from workers.events import MediaMetadata

#: Seconds. Meta's URLs expire after 5 minutes (Cloud API, "Media"), so a cached one is valid for another minute.
FOUND_TTL = 240
#: Seconds for which a permanent failure is kept.
PERMANENT_TTL = 3600

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MediaMetadata)


class MediaCache:
    """A cache of all processes with the same Redis and prefix. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def get_many(self, ids: Iterable[str]) -> dict[str, MediaMetadata]:
        """Return the cached metadata of these ids. `error` is set for permanent failures; unknown ids are left out."""
        unique = list(dict.fromkeys(ids))
        if not unique:
            return {}
        values = self._client.mget([self._key(media_id) for media_id in unique])
        cached = {media_id: _decode(text) for media_id, text in zip(unique, values, strict=True) if text is not None}
        return {media_id: metadata for media_id, metadata in cached.items() if metadata is not None}

    def put_many(self, metadata: Mapping[str, MediaMetadata]) -> None:
        """Keep each for FOUND_TTL seconds, or PERMANENT_TTL if it has an `error`."""
        pipe = self._client.pipeline(transaction=False)
        for media_id, each in metadata.items():
            if text := _encode(each):
                pipe.set(self._key(media_id), text, ex=PERMANENT_TTL if each.error else FOUND_TTL)
        pipe.execute()

    def _key(self, media_id: str) -> str:
        # Hashed, since an id is untrusted text of any length. surrogatepass, since it may hold a lone surrogate.
        return f"{self._prefix}:{hashlib.sha256(media_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _encode(metadata: MediaMetadata) -> bytes | None:
    try:
        return _encoder.encode(metadata)
    except UnicodeEncodeError:  # a lone surrogate: such an id is refused before a lookup, so it costs nothing
        return None


def _decode(text: bytes | str) -> MediaMetadata | None:
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:  # written by another version: treated as missing
        return None
