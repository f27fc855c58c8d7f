"""uvicorn's HTTP protocol with limits on what a client can make it hold.

uvicorn accepts any number of headers of any length, of requests sent before the last one is answered, and of
connections. A client's bytes are passed to the parser in slices, so that a limit is exceeded by two slices at most.
"""

import asyncio
import functools
import resource
from collections import defaultdict
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ingress.log_throttle import LogThrottle
from ingress.responses import Headers, error_body, extra_headers
from shared.errors import RequestRejected, ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)

#: More than any proxy or provider opens. The limits below and in ingress/body.py apply to each of them.
MAX_CONNECTIONS = 4096
#: File descriptors reserved for everything else: Redis, the spool, the log, listening sockets.
_RESERVED_DESCRIPTORS = 128
MAX_HEADERS = 100
#: Maximum bytes of a request's first line and headers.
MAX_HEAD_BYTES = 32 * 1024
#: Maximum number of requests of one connection that wait while an earlier one is answered, and bytes of their bodies.
MAX_PIPELINED_REQUESTS = 16
MAX_PIPELINED_BYTES = 64 * 1024
#: Maximum bytes of chunk sizes, chunk extensions, trailers and empty lines, in excess of the body's own bytes.
MAX_FRAMING_OVERHEAD_BYTES = 64 * 1024
_SLICE_BYTES = 16 * 1024


@functools.cache
def max_connections() -> int:
    """Return the connection limit: 4096, or what RLIMIT_NOFILE allows after raising it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MAX_CONNECTIONS + _RESERVED_DESCRIPTORS
    if resource.RLIM_INFINITY != soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, soft - _RESERVED_DESCRIPTORS))


class LimitedProtocol(HttpToolsProtocol):
    """Rejects a request that exceeds a limit or is not valid HTTP.

    The response is JSON, is sent after the responses to all earlier requests, and closes the connection.
    """

    log_throttles: ClassVar[defaultdict[str, LogThrottle]] = defaultdict(LogThrottle)  # of all connections, by reason
    _is_over = False  # nothing more is read
    _next_to_answer: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Reject the connection if there are too many."""
        super().connection_made(transport)
        self._head_bytes = self._overhead_bytes = 0
        if len(self.connections) > max_connections():
            self._reject(ServiceOverloaded("too many connections"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark every pending request as disconnected, since writing would raise; uvicorn marks only the last one."""
        super().connection_lost(exc)
        for cycle in (self._next_to_answer, self.cycle, *[cycle for cycle, _ in self.pipeline]):
            if cycle is not None:
                cycle.disconnected = True
                cycle.on_response = _do_nothing  # breaks the reference cycle: else only the garbage collector frees it
        # uvicorn leaves the timer running if the client resets the connection, and it keeps this protocol alive.
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Parse `data` in slices. This replaces uvicorn's method."""
        if self._is_over:
            return
        if self.flow.write_paused:  # the client keeps sending without reading its responses
            self.transport.abort()
            return
        self._unset_keepalive_if_required()
        try:
            if len(data) <= _SLICE_BYTES:
                self._feed(data)
            else:
                for start in range(0, len(data), _SLICE_BYTES):
                    self._feed(data[start : start + _SLICE_BYTES])
        except RequestRejected as error:
            self._reject(error)
        except httptools.HttpParserUpgrade:
            # The parser would read what follows, maybe a body, as another request. A proxy in front may have passed all
            # of it on as one request, with its X-Forwarded-For only in the first.
            self._finish()
        except httptools.HttpParserError as error:
            reason = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            self._reject(reason if isinstance(reason, RequestRejected) else _bad_request("invalid HTTP"))

    def on_headers_complete(self) -> None:
        """Check the limits. Raise RequestRejected, which the parser wraps in an error of its own."""
        if len(self.headers) > MAX_HEADERS:
            raise _too_many_headers()
        if self._head_bytes and _size(self.headers) + len(self.url) > MAX_HEAD_BYTES:
            raise _head_too_large()
        if self.parser.should_upgrade() and self.parser.get_method() == b"POST":
            raise _bad_request("an upgrade to another protocol is not supported: send the request without Upgrade")
        if self.pipeline:
            waiting = sum(len(cycle.body) for cycle, _ in self.pipeline)
            if len(self.pipeline) >= MAX_PIPELINED_REQUESTS or waiting > MAX_PIPELINED_BYTES:
                raise _bad_request("too many pipelined requests: wait for the response to the first")
        is_next = self.cycle is None or self.cycle.response_complete
        super().on_headers_complete()
        if is_next:
            self._next_to_answer = self.cycle
        # The parser reports trailers as headers too. They must not be added to these, since a proxy that sets
        # X-Forwarded-For, or removes a token, may pass trailers on.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Keep the body of a POST, the only one that the application reads."""
        self._overhead_bytes -= 2 * len(body)
        if self.scope["method"] == "POST":
            super().on_body(body)

    def on_response_complete(self) -> None:
        """Track which pipelined request must be answered next."""
        if self.pipeline:
            self._next_to_answer = self.pipeline[-1][0]
        super().on_response_complete()

    def _feed(self, piece: bytes) -> None:
        before = self.scope
        self.parser.feed_data(piece)
        if self.scope is not before:  # a request begins somewhere in this piece
            self._head_bytes = self._overhead_bytes = 0
        elif self._is_in_head():
            self._head_bytes += len(piece)
            if self._head_bytes > MAX_HEAD_BYTES:
                raise _head_too_large()
        else:
            self._overhead_bytes += len(piece)
            if self._overhead_bytes > MAX_FRAMING_OVERHEAD_BYTES:
                raise _bad_request("the framing of the body is larger than the body")
        if len(self.headers or ()) > MAX_HEADERS:  # the headers are not complete yet, or these are trailers
            raise _too_many_headers()

    def _is_in_head(self) -> bool:
        # uvicorn creates the scope at the first byte (before that it is None) and completes it at the last header.
        return not self.scope or "method" not in self.scope

    def _reject(self, error: RequestRejected) -> None:
        if count := self.log_throttles[error.message].record():
            _log.warning("rejected requests unread", reason=error.message, rejected=count)
        if not self._is_next_to_be_answered():
            self._finish()
            return
        self._is_over = True
        body = error_body(error)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *extra_headers(error),
        ]
        lines = [b"%b: %b\r\n" % line for line in headers]
        self.transport.write(b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body]))
        self.transport.close()

    def _is_next_to_be_answered(self) -> bool:
        """Return whether a response that is written now belongs to the request that is being read."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return cycle.scope is self.scope and cycle.more_body and not self.pipeline

    def _finish(self) -> None:
        """Stop reading, and close the connection when all requests so far are answered."""
        self._is_over = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:
            cycle.keep_alive = False


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _do_nothing() -> None:
    pass


def _bad_request(message: str) -> RequestRejected:
    return RequestRejected(400, "bad_request", message)


def _too_many_headers() -> RequestRejected:
    return RequestRejected(431, "too_large", f"the request has more than {MAX_HEADERS} headers")


def _head_too_large() -> RequestRejected:
    return RequestRejected(431, "too_large", f"the request's headers are larger than {MAX_HEAD_BYTES} bytes")
