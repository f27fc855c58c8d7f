"""Interpret the media API's response as metadata, a permanent or a transient failure. Pure; Omni's and Meta's forms."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from workers.events import MediaMetadata
from workers.media import values
from workers.media.results import Fetched, LookupResult, Permanent, Transient

#: Bytes of a response that are read. Metadata has a few hundred; more is the file itself, or a mistake.
MAX_BODY_BYTES = 64 * 1024
#: 408, 425 and 429 are the transient client errors (RFC 9110, 15.5.9; RFC 8470, 5.2; RFC 6585, 4).
_TRANSIENT_STATUSES = {408, 425, 429}
#: Meta's codes for overload and rate limits come with 400 as well as with 429; it advises to check the code, not the
#: status (developers.facebook.com, WhatsApp Business Platform, "Error codes").
_TRANSIENT_CODES = {2, 4, 80007, 130429}
_MAX_REASON_LENGTH = 200  # characters


class MediaResponse(NamedTuple):
    """An HTTP response as it came. Header names are lower case, or the mapping ignores case."""

    status: int
    headers: Mapping[str, str]
    body: bytes  # up to MAX_BODY_BYTES + 1 bytes, still encoded as `content-encoding` says


def interpret_response(media_id: str, http: MediaResponse, now: datetime, secrets: Sequence[str] = ()) -> LookupResult:
    """Return what the response means. `now` is aware; `secrets` are strings that a reason must not repeat."""
    if 300 <= http.status < 400:
        # Following it would send the credential to the server that it names.
        return Permanent(f"{_phrase(http.status)}: redirects are not followed")
    value = _json(http)
    error = _error(value)
    reason = _reason(http, value, secrets)
    if http.status >= 500 or http.status in _TRANSIENT_STATUSES or _is_transient(error):
        return Transient(reason, values.retry_after(http.headers.get("retry-after"), now))
    metadata = _metadata(media_id, value, now) if 200 <= http.status < 300 else None
    return Fetched(metadata) if metadata else Permanent(reason)


def _metadata(media_id: str, value: Any, now: datetime) -> MediaMetadata | None:
    fields = value if isinstance(value, dict) else {}
    url = values.as_http_url(fields.get("url"))
    if url is None:
        return None
    return MediaMetadata(
        id=media_id,
        url=url,
        mime_type=values.as_clean_text(fields.get("mime_type")),
        sha256=values.as_clean_text(fields.get("sha256")),
        file_size=values.as_count(fields.get("file_size")),
        fetched_at=now,
    )


def _json(http: MediaResponse) -> Any:
    body = http.body
    if len(body) <= MAX_BODY_BYTES and http.headers.get("content-encoding", "").lower() in {
        "gzip",
        "x-gzip",
        "deflate",
    }:
        # Not requested, but some gateways compress anyway. Bounded, since a small body can expand to a huge one.
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


def _is_transient(error: dict[str, Any]) -> bool:
    return error.get("is_transient") is True or values.as_count(error.get("code")) in _TRANSIENT_CODES


def _reason(http: MediaResponse, value: Any, secrets: Sequence[str]) -> str:
    """Return the reason for people: the status, and the API's own message if there is one."""
    details = _api_message(value) or (_body_problem(http, value) if http.status < 300 else None)
    reason = f"{_phrase(http.status)}: {details}" if details else _phrase(http.status)
    for secret in secrets:  # before the text is cut: half a credential must not be shown either
        reason = reason.replace(secret, "…")
    return reason[:_MAX_REASON_LENGTH]


def _api_message(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return (
        values.as_clean_text(_error(value).get("message"))
        or values.as_clean_text(value.get("message"))
        or values.as_clean_text(value.get("error"))
    )


def _body_problem(http: MediaResponse, value: Any) -> str:
    if len(http.body) > MAX_BODY_BYTES:
        return f"the response has over {MAX_BODY_BYTES // 1024} KiB, so it is not metadata"
    return "the response has no url" if isinstance(value, dict) else "the response is not a JSON object"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
