"""uvicorn's HTTP, with bounds on what a client can make it hold: by itself it keeps any number of headers of any
length, of requests sent before the last one is answered, and of connections.

What a client sends is given to the parser in slices, so that a bound is overstepped by two slices at most.
"""

import asyncio
import functools
import resource
from collections import defaultdict
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ingress.log_throttle import LogThrottle
from ingress.responses import error_body, extra_headers
from shared.errors import RequestRejected, ServiceOverloaded
from shared.observability.logging import get_logger

#: More than any proxy or provider opens. What each may make the process hold is bounded in bounded.py and body.py.
MAX_CONNECTIONS = 4096
#: File descriptors for everything else: Redis, the spool, the log, listening sockets.
_OTHERS = 128


@functools.cache
def max_connections() -> int:
    """That many, or as many as the process' limit of open files leaves room for, which is raised as far as may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHERS
    if resource.RLIM_INFINITY != soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft - _OTHERS))


_log = get_logger(__name__)

MAX_HEADERS = 100
#: Bytes of a request's first line and headers.
MAX_HEAD_BYTES = 32 * 1024
#: Requests of one connection that may wait while an earlier one is answered, and the bytes of their bodies.
MAX_PIPELINED_REQUESTS = 16
MAX_PIPELINED_BYTES = 64 * 1024
#: Bytes of chunk sizes, chunk extensions, trailers and empty lines, beyond as many as there are of the body itself.
MAX_FRAMING_OVERHEAD_BYTES = 64 * 1024
_SLICE = 16 * 1024


class LimitedProtocol(HttpToolsProtocol):
    """Answers what oversteps a bound, or is no HTTP, as JSON, after all that came before it, and closes."""

    refusals: ClassVar[defaultdict[str, LogThrottle]] = defaultdict(LogThrottle)  # of all connections, by reason
    _over = False  # nothing more is read
    _answering: RequestResponseCycle | None = None  # the request that is to be answered next

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turned away at once where there are too many."""
        super().connection_made(transport)
        self._head = self._around = 0
        if len(self.connections) > max_connections():
            self._refuse(ServiceOverloaded("there are too many connections"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells all requests of it, where uvicorn tells the last one: writing would raise."""
        super().connection_lost(exc)
        for cycle in (self._answering, self.cycle, *[cycle for cycle, _ in self.pipeline]):
            if cycle is not None:
                cycle.disconnected = True
                cycle.on_response = _nothing  # it leads back here: all of it would wait for the garbage collector
        # uvicorn lets it run where the client has reset the connection, and all there was of it is kept that long.
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """As in uvicorn, in slices."""
        if self._over:
            return
        if self.flow.write_paused:  # it sends on, and reads none of the answers
            self.transport.abort()
            return
        self._unset_keepalive_if_required()
        try:
            if len(data) <= _SLICE:
                self._feed(data)
            else:
                for start in range(0, len(data), _SLICE):
                    self._feed(data[start : start + _SLICE])
        except RequestRejected as error:
            self._refuse(error)
        except httptools.HttpParserUpgrade:
            # The parser would read what follows, maybe a body, as another request. A proxy in front may have passed all
            # of it on as one, with its X-Forwarded-For only there.
            self._end()
        except httptools.HttpParserError as error:
            reason = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            self._refuse(reason if isinstance(reason, RequestRejected) else _bad("this is no valid HTTP"))

    def on_headers_complete(self) -> None:
        """Raises RequestRejected, which the parser passes on in an error of its own."""
        if len(self.headers) > MAX_HEADERS:
            raise _too_many_headers()
        if self._head and sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > MAX_HEAD_BYTES:
            raise _head_too_large()
        if self.parser.should_upgrade() and self.parser.get_method() == b"POST":
            raise _bad("the body of a request for another protocol is not read: send it without Upgrade")
        if self.pipeline:
            waiting = sum(len(cycle.body) for cycle, _ in self.pipeline)
            if len(self.pipeline) >= MAX_PIPELINED_REQUESTS or waiting > MAX_PIPELINED_BYTES:
                raise _bad("there are too many requests before the answer to the first")
        is_next = self.cycle is None or self.cycle.response_complete
        super().on_headers_complete()
        if is_next:
            self._answering = self.cycle
        # The parser takes trailers for headers too. They must not become any: a proxy that sets X-Forwarded-For, or
        # takes a token off, may pass them on.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Keeps what the application may read."""
        self._around -= 2 * len(body)
        if self.scope["method"] == "POST":
            super().on_body(body)

    def on_response_complete(self) -> None:
        """Notes whose turn it is."""
        if self.pipeline:
            self._answering = self.pipeline[-1][0]
        super().on_response_complete()

    def _feed(self, piece: bytes) -> None:
        before = self.scope
        self.parser.feed_data(piece)
        if self.scope is not before:  # a request begins in this piece, nobody knows where
            self._head = self._around = 0
        elif self._is_in_head():
            self._head += len(piece)
            if self._head > MAX_HEAD_BYTES:
                raise _head_too_large()
        else:
            self._around += len(piece)
            if self._around > MAX_FRAMING_OVERHEAD_BYTES:
                raise _bad("there is more around the body than in it")
        if len(self.headers or ()) > MAX_HEADERS:  # not at their end yet; or trailers
            raise _too_many_headers()

    def _is_in_head(self) -> bool:
        # uvicorn begins a scope with the first byte and completes it with the last header. Before both it is None.
        return not self.scope or "method" not in self.scope

    def _refuse(self, error: RequestRejected) -> None:
        if times := self.refusals[error.message].record():
            _log.warning("requests are refused unread", reason=error.message, refused=times)
        if not self._is_next_to_be_answered():
            self._end()
            return
        self._over = True
        body = error_body(error)
        own = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = [b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *own, *extra_headers(error))]
        self.transport.write(b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body]))
        self.transport.close()

    def _is_next_to_be_answered(self) -> bool:
        """Whether an answer that is written now is one to the request that is being read."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return cycle.scope is self.scope and cycle.more_body and not self.pipeline

    def _end(self) -> None:
        """Reads no more, and closes when all requests so far are answered."""
        self._over = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:
            cycle.keep_alive = False


def _nothing() -> None:
    pass


def _bad(message: str) -> RequestRejected:
    return RequestRejected(400, "bad_request", message)


def _too_many_headers() -> RequestRejected:
    return RequestRejected(431, "too_large", f"the request has more than {MAX_HEADERS} headers")


def _head_too_large() -> RequestRejected:
    return RequestRejected(431, "too_large", f"the request's headers have more than {MAX_HEAD_BYTES} bytes")
