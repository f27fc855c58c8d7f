"""One lookup at the media API: a GET with bounded time and response size, whose credential is never shown."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import cast

import httpx

from workers.media.response import MAX_BODY_BYTES, MediaResponse, interpret_response
from workers.media.results import LookupResult, Transient

#: Idle connections are closed before the server closes them: Node and uvicorn do so after 5 s, and a request on a
#: connection that is being closed fails needlessly.
_IDLE_SECONDS = 4.0
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2: token
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


class MediaLookup:
    """Looks up one media id at a time and keeps connections open for the next. Use it from one event loop only.

    It uses httpx's transport instead of its client, which would follow redirects, keep cookies, look for proxies and
    log each URL. `auth` is a header's name and value, `timeout` the seconds of one lookup. Raises ValueError if `auth`
    cannot be a header.
    """

    def __init__(
        self,
        auth: tuple[str, str] | None,
        *,
        connections: int,
        timeout: float,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._seconds = timeout
        self._now = now or (lambda: datetime.now(UTC))
        self._headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "sluice"}
        self._headers |= _header(auth)
        self._secrets = (auth[1], auth[1].split()[-1]) if auth else ()
        self._timeouts = httpx.Timeout(timeout, connect=timeout / 2).as_dict()
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_SECONDS
        )
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def fetch(self, media_id: str, url: str) -> LookupResult:
        """Return the result of a lookup. Whatever goes wrong on the network is Transient."""
        request = httpx.Request("GET", url, headers=self._headers, extensions={"timeout": self._timeouts})
        try:
            async with asyncio.timeout(self._seconds):  # for the whole: a trickle of bytes never times out a read
                http = await self._get(request)
        except httpx.ConnectTimeout:
            return Transient(f"no connection within {self._seconds / 2:g} s")
        except (TimeoutError, httpx.TimeoutException):
            return Transient(f"no answer within {self._seconds:g} s")
        except (
            httpx.TransportError
        ) as error:  # its text comes from the socket or the parser and holds no header of ours
            return Transient(f"the connection failed: {str(error)[:150] or type(error).__name__}")
        return interpret_response(media_id, http, self._now(), self._secrets)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _get(self, request: httpx.Request) -> MediaResponse:
        response = await self._transport.handle_async_request(request)
        body = b""
        try:
            # httpx declares an iterator, but it is a generator, which must be closed if it is left early.
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
        # Checked here, and reported without the value: h11's own error would show it.
        raise ValueError("the media credential must be a header name and a value of plain ASCII")
    return {auth[0]: auth[1]}
