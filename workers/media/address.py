"""The URL of the media API. A media id is untrusted text and must not change which server or path is asked."""

import re
import unicodedata
from urllib.parse import quote

import httpx

from shared.errors import SluiceError

#: Stands for the media id in a template.
PLACEHOLDER = "{media_id}"
_MAX_ID_LENGTH = 512  # characters; real ids have 10 to 150
_MARK = "media-id-mark"  # stands for the id while the template is checked; unreserved characters, so never rewritten
_HOST = re.compile(r"[a-z0-9_.:-]+")


class InvalidMediaId(SluiceError):
    """A media id that cannot be looked up. The message says why."""


class MediaAddress:
    """A URL with `{media_id}` in its path or query. Raises ValueError for any other template."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._model = _model(template)

    def __repr__(self) -> str:  # without path and query: they may hold a key
        return f"<MediaAddress {self._model.scheme}://{self._model.netloc.decode('ascii')}>"

    def url(self, media_id: str) -> str:
        """Return the URL for that id. Raises InvalidMediaId."""
        _check(media_id)
        quoted = quote(media_id, safe="")
        url = self._template.replace(PLACEHOLDER, quoted)
        # Proof of all the above: the URL that httpx requests differs from the template in the id's own part only.
        asked, model = httpx.URL(url), self._model
        same_server = (asked.scheme, asked.netloc, asked.userinfo) == (model.scheme, model.netloc, b"")
        if not same_server or asked.raw_path != model.raw_path.replace(_MARK.encode(), quoted.encode()):
            raise InvalidMediaId("the media id would change the URL that is requested")
        return url


def _check(media_id: str) -> None:
    if not media_id:
        raise InvalidMediaId("the media id is empty")
    if len(media_id) > _MAX_ID_LENGTH:
        raise InvalidMediaId(f"the media id has {len(media_id)} characters (at most {_MAX_ID_LENGTH} are allowed)")
    if media_id in {".", ".."}:
        raise InvalidMediaId(f"the media id {media_id!r} would change the path")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in media_id):
        raise InvalidMediaId("the media id contains a control character or a lone surrogate")


def _model(template: str) -> httpx.URL:
    if template.count(PLACEHOLDER) != 1 or set("{}") & set(template.replace(PLACEHOLDER, "")):
        raise ValueError(f"the media URL must contain {PLACEHOLDER} exactly once and no other braces")
    if not re.fullmatch(r"[!-~]+", template) or "\\" in template or "#" in template:
        raise ValueError("the media URL must be plain ASCII without spaces, backslashes or #")
    try:
        model = httpx.URL(template.replace(PLACEHOLDER, _MARK))
    except httpx.InvalidURL:
        raise ValueError("the media URL is not a valid URL") from None
    if problem := _problem(template, model):
        raise ValueError(f"the media URL {problem}")
    return model


def _problem(template: str, model: httpx.URL) -> str | None:
    authority = re.split(r"[/?]", template.partition("://")[2])[0]
    if model.scheme not in {"http", "https"}:
        return "must begin with http:// or https://"
    if "@" in authority:
        return "must not contain a user name or password: credentials go into the header"
    port = 443 if model.port is None else model.port
    if not _HOST.fullmatch(model.raw_host.decode("ascii")) or not 0 < port < 65536:
        return "must name a host, and a port from 1 to 65535 if any"
    if model.raw_path.count(_MARK.encode()) != 1:
        return f"must contain {PLACEHOLDER} in its path or query"
    return None
