"""A minimal HTTP/1.1 client: a client library would use more CPU than the ingress under test."""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

#: Seconds to wait for a response.
TIMEOUT = 30.0


class WebhookTarget:
    """The URL to post to. Raises ValueError if it is not an http or https URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii() or not url.isprintable():
            raise ValueError(f"{url} is not an http or https URL")
        self.url = url
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc.rpartition('@')[2]}\r\n"

    def request(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Return the bytes of a request."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._head}{lines}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body


class HttpConnection:
    """Posts requests one after the other, and connects when necessary."""

    def __init__(self, target: WebhookTarget) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> int | None:
        """Send a request and return the status code of the response, or None without a response."""
        try:
            async with asyncio.timeout(TIMEOUT):
                # A server may close an idle connection just when the next request is sent: try once more.
                return (await self._post(request) if self._streams else None) or await self._post(request)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            self.close()
            return None

    def close(self) -> None:
        """Close the connection. `post` opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _post(self, request: bytes) -> int | None:
        """Return the status code, or None if a connection that was used before is closed without a response."""
        target, reused = self._target, self._streams is not None
        if self._streams is None:
            self._streams = await asyncio.open_connection(target.host, target.port, ssl=target.tls)
        reader, writer = self._streams
        writer.write(request)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.close()
            if reused and not getattr(error, "partial", b""):
                return None
            raise
        status, *lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(":", 1) for line in lines if ":" in line)
        await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").strip() == "close" or status.startswith("http/1.0"):
            self.close()
        return int(status.split()[1])
