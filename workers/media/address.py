"""The address of the media API. A media id comes from a stranger's webhook and may never choose what is asked."""

import re
import unicodedata
from urllib.parse import quote

import httpx

from shared.errors import SluiceError

#: What stands in a template for the id.
PLACEHOLDER = "{media_id}"
_MAX_ID_LENGTH = 512  # characters; the ids seen have 10 to 150
_MARK = "media-id-mark"  # stands for the id while the template itself is looked at; unreserved, so never rewritten
_HOST = re.compile(r"[a-z0-9_.:-]+")


class InvalidMediaId(SluiceError):
    """An id that the media API cannot be asked for; the message says why."""


class MediaAddress:
    """A URL with `{media_id}` in its path or query. Raises ValueError, with one sentence, for any other template."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._model = _model(template)

    def __repr__(self) -> str:  # without path and query: they may hold a key
        return f"<MediaAddress {self._model.scheme}://{self._model.netloc.decode('ascii')}>"

    def url(self, media_id: str) -> str:
        """The address to ask for that id. Raises InvalidMediaId."""
        _check(media_id)
        quoted = quote(media_id, safe="")
        url = self._template.replace(PLACEHOLDER, quoted)
        # The proof of all the above: what httpx will ask is the template with the id's own part changed, nothing else.
        asked, model = httpx.URL(url), self._model
        same_server = (asked.scheme, asked.netloc, asked.userinfo) == (model.scheme, model.netloc, b"")
        if not same_server or asked.raw_path != model.raw_path.replace(_MARK.encode(), quoted.encode()):
            raise InvalidMediaId("the media id would change the address that is asked")
        return url


def _check(media_id: str) -> None:
    if not media_id:
        raise InvalidMediaId("the media id is empty")
    if len(media_id) > _MAX_ID_LENGTH:
        raise InvalidMediaId(
            f"the media id has {len(media_id)} characters; more than {_MAX_ID_LENGTH} are not asked for"
        )
    if media_id in {".", ".."}:
        raise InvalidMediaId(f"the media id is {media_id!r}, which means another path")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in media_id):
        raise InvalidMediaId("the media id holds a control character or half a character")


def _model(template: str) -> httpx.URL:
    if template.count(PLACEHOLDER) != 1 or set("{}") & set(template.replace(PLACEHOLDER, "")):
        raise ValueError(f"the media address must hold {PLACEHOLDER} exactly once and no other braces")
    if not re.fullmatch(r"[!-~]+", template) or "\\" in template or "#" in template:
        raise ValueError("the media address must be plain ASCII without spaces, backslashes or #")
    try:
        model = httpx.URL(template.replace(PLACEHOLDER, _MARK))
    except httpx.InvalidURL:
        raise ValueError("the media address is no URL") from None
    if problem := _problem(template, model):
        raise ValueError(f"the media address {problem}")
    return model


def _problem(template: str, model: httpx.URL) -> str | None:
    authority = re.split(r"[/?]", template.partition("://")[2])[0]
    if model.scheme not in {"http", "https"}:
        return "must begin with http:// or https://"
    if "@" in authority:
        return "must hold no user name or password: credentials go into the header"
    port = 443 if model.port is None else model.port
    if not _HOST.fullmatch(model.raw_host.decode("ascii")) or not 0 < port < 65536:
        return "must name a host, and a port only between 1 and 65535"
    if model.raw_path.count(_MARK.encode()) != 1:
        return f"must hold {PLACEHOLDER} in its path or query"
    return None
