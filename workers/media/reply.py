"""What the media API's answer means: the metadata, never, or later. Pure; the shapes are Omni's and Meta's."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from workers.events import MediaMetadata
from workers.media import values
from workers.media.answers import Fetched, LookupResult, Permanent, Transient

#: Bytes of an answer that are read. Metadata has a few hundred; more is the file itself, or a mistake.
MAX_BODY_BYTES = 64 * 1024
#: 408, 425 and 429 are the client errors that pass (RFC 9110, 15.5.9; RFC 8470, 5.2; RFC 6585, 4).
_PASSING = {408, 425, 429}
#: Meta's codes for overload and rate limits come with 400 as well as with 429; it advises to go by code, not by status
#: (developers.facebook.com, WhatsApp Business Platform, "Error codes").
_PASSING_CODES = {2, 4, 80007, 130429}
_MAX_REASON_LENGTH = 200  # characters


class MediaResponse(NamedTuple):
    """An HTTP answer as it came. Header names are lower case, or the mapping ignores case."""

    status: int
    headers: Mapping[str, str]
    body: bytes  # up to MAX_BODY + 1 bytes, still encoded as `content-encoding` says


def interpret_response(media_id: str, http: MediaResponse, now: datetime, secrets: Sequence[str] = ()) -> LookupResult:
    """What the answer means. `now` is aware; `secrets` are words that a reason must not repeat."""
    if 300 <= http.status < 400:
        # Following it would hand the credential to whoever it names.
        return Permanent(f"{_phrase(http.status)}: redirects are not followed")
    value = _json(http)
    error = _error(value)
    reason = _reason(http, value, secrets)
    if http.status >= 500 or http.status in _PASSING or _passes(error):
        return Transient(reason, values.retry_after(http.headers.get("retry-after"), now))
    metadata = _metadata(media_id, value, now) if 200 <= http.status < 300 else None
    return Fetched(metadata) if metadata else Permanent(reason)


def _metadata(media_id: str, value: Any, now: datetime) -> MediaMetadata | None:
    fields = value if isinstance(value, dict) else {}
    url = values.web_address(fields.get("url"))
    if url is None:
        return None
    return MediaMetadata(
        id=media_id,
        url=url,
        mime_type=values.text(fields.get("mime_type")),
        sha256=values.text(fields.get("sha256")),
        file_size=values.size(fields.get("file_size")),
        fetched_at=now,
    )


def _json(http: MediaResponse) -> Any:
    body = http.body
    if len(body) <= MAX_BODY_BYTES and http.headers.get("content-encoding", "").lower() in {
        "gzip",
        "x-gzip",
        "deflate",
    }:
        # Not asked for, but some gateways compress all the same. Bounded: a small body can hold a huge one.
        try:
            body = zlib.decompressobj(wbits=47).decompress(body, MAX_BODY_BYTES + 1)
        except zlib.error:
            return None
    try:
        return lenient_json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except InvalidJSON:
        return None


def _error(value: Any) -> dict[str, Any]:
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _passes(error: dict[str, Any]) -> bool:
    return error.get("is_transient") is True or values.size(error.get("code")) in _PASSING_CODES


def _reason(http: MediaResponse, value: Any, secrets: Sequence[str]) -> str:
    """For people: the status, and what the API says itself where it says something."""
    said = _said(value) or (_fault(http, value) if http.status < 300 else None)
    reason = f"{_phrase(http.status)}: {said}" if said else _phrase(http.status)
    for secret in secrets:  # before it is cut: half a credential is one too many
        reason = reason.replace(secret, "…")
    return reason[:_MAX_REASON_LENGTH]


def _said(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return (
        values.text(_error(value).get("message"))
        or values.text(value.get("message"))
        or values.text(value.get("error"))
    )


def _fault(http: MediaResponse, value: Any) -> str:
    if len(http.body) > MAX_BODY_BYTES:
        return f"the answer has over {MAX_BODY_BYTES // 1024} KiB, so it is no metadata"
    return "the answer has no url" if isinstance(value, dict) else "the answer is no JSON object"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
