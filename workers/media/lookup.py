"""One lookup at the media API: a GET whose time and answer are bounded, and whose credential never comes back."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import cast

import httpx

from workers.media.answers import LookupResult, Transient
from workers.media.reply import MAX_BODY_BYTES, MediaResponse, interpret_response

#: Idle connections are given up before the server does: Node and uvicorn close theirs after 5 s, and a request that
#: meets a closing connection fails for nothing.
_IDLE_SECONDS = 4.0
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2: token
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


class MediaLookup:
    """Asks for one media id; connections are kept for the next. Used from one event loop only.

    It speaks to httpx's transport rather than to its client, which would follow redirects, keep cookies, look for
    proxies and log each address. `auth` is a header's name and value; ValueError where it cannot be one.
    """

    def __init__(
        self,
        auth: tuple[str, str] | None,
        *,
        connections: int,
        seconds: float,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._seconds = seconds
        self._now = now or (lambda: datetime.now(UTC))
        self._headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "sluice"}
        self._headers |= _header(auth)
        self._secrets = (auth[1], auth[1].split()[-1]) if auth else ()
        self._timeouts = httpx.Timeout(seconds, connect=seconds / 2).as_dict()
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_SECONDS
        )
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def fetch(self, media_id: str, url: str) -> LookupResult:
        """The answer, also where there is none: whatever the network does is a Later."""
        request = httpx.Request("GET", url, headers=self._headers, extensions={"timeout": self._timeouts})
        try:
            async with asyncio.timeout(self._seconds):  # the whole of it: a trickle of bytes never times out a read
                http = await self._get(request)
        except httpx.ConnectTimeout:
            return Transient(f"no connection within {self._seconds / 2:g} s")
        except (TimeoutError, httpx.TimeoutException):
            return Transient(f"no answer within {self._seconds:g} s")
        except httpx.TransportError as error:  # its text is the socket's or the parser's, and names no header of ours
            return Transient(f"the connection failed: {str(error)[:150] or type(error).__name__}")
        return interpret_response(media_id, http, self._now(), self._secrets)

    async def close(self) -> None:
        """Closes all connections."""
        await self._transport.aclose()

    async def _get(self, request: httpx.Request) -> MediaResponse:
        response = await self._transport.handle_async_request(request)
        body = b""
        try:
            # httpx calls it an iterator, but it is a generator, which wants to be closed when it is left early.
            async with aclosing(cast(AsyncGenerator[bytes, None], response.aiter_raw())) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        break
        finally:
            await response.aclose()
        return MediaResponse(response.status_code, response.headers, body[: MAX_BODY_BYTES + 1])


def _header(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    if not _NAME.fullmatch(auth[0]) or not _VALUE.fullmatch(auth[1]):
        # Without the value, and here rather than in h11, whose error would show it.
        raise ValueError("the media credential must be a header's name and a value of plain ASCII")
    return {auth[0]: auth[1]}
