"""Metadata that was fetched lately, by media id, in Redis: each id is asked for once, whoever needs it next."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec
import redis

from workers.events import MediaMetadata

#: Seconds. Meta's addresses live 5 minutes (Cloud API, "Media"), so whoever gets one here has a minute left to use it.
FOUND_TTL = 240
#: Seconds. A final answer is asked for again only after that.
PERMANENT_TTL = 3600

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MediaMetadata)


class MediaCache:
    """A cache of all processes with the same Redis and prefix. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def get_many(self, ids: Iterable[str]) -> dict[str, MediaMetadata]:
        """What is known of these ids; those not known are left out. `error` is set where the answer was final."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        known = zip(wanted, self._client.mget([self._key(media_id) for media_id in wanted]), strict=True)
        found = {media_id: _decode(text) for media_id, text in known if text is not None}
        return {media_id: metadata for media_id, metadata in found.items() if metadata is not None}

    def put_many(self, metadata: Mapping[str, MediaMetadata]) -> None:
        """Keeps each for FOUND_TTL seconds, or GONE_TTL if it has an `error`."""
        pipe = self._client.pipeline(transaction=False)
        for media_id, each in metadata.items():
            if text := _encode(each):
                pipe.set(self._key(media_id), text, ex=PERMANENT_TTL if each.error else FOUND_TTL)
        pipe.execute()

    def _key(self, media_id: str) -> str:
        # Hashed: an id is a stranger's text of any length. surrogatepass: it may even hold half a character.
        return f"{self._prefix}:{hashlib.sha256(media_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _encode(metadata: MediaMetadata) -> bytes | None:
    try:
        return _encoder.encode(metadata)
    except UnicodeEncodeError:  # half a character: such an id is refused before it is asked for, so it costs nothing
        return None


def _decode(text: bytes | str) -> MediaMetadata | None:
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:  # written by another version: as good as not there
        return None
