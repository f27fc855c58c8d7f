"""A client as fast as Python allows: one request after the other on each of several connections, no task anywhere."""

import asyncio
from collections.abc import Callable
from typing import cast

from tests.programs.hostile.requests import Attempt

#: How long an answer may take. What is broken may leave its end open: nothing more is expected of it after a while.
_TIMEOUT = 15.0
_PATIENCE_WITH_BROKEN = 0.3

#: The status of an answer; or how else it ended.
Outcome = int | str
CLOSED, SILENT = "closed", "no answer"


class Connection(asyncio.Protocol):
    """Sends what `take` gives it (None: it is over), tells `done` how each ended, and connects again where it must."""

    def __init__(
        self, port: int, take: Callable[[], Attempt | None], done: Callable[[Attempt, Outcome, bytes], None]
    ) -> None:
        self._port = port
        self._take = take
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._attempt: Attempt | None = None
        self._answer = b""
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.over: asyncio.Future[None] = self._loop.create_future()

    def start(self) -> None:
        """Connects, and goes on to the end."""
        self._loop.create_task(self._loop.create_connection(lambda: self, "127.0.0.1", self._port)).add_done_callback(
            self._connected
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._attempt is None:
            return  # more than was asked for; reported when the connection ends
        found = _parsed(self._answer, self._attempt)
        if found is not None:
            status, end, closes = found
            body, self._answer = self._answer[:end], self._answer[end:]
            self._end(status, body)
            if closes or self._answer:
                self._again()
            else:
                self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._attempt is not None:
            self._end(CLOSED, self._answer)
        if not self.over.done():
            self.start()

    def _connected(self, task: "asyncio.Task[object]") -> None:
        if (error := task.exception()) is not None and not self.over.done():
            self.over.set_exception(error)

    def _next(self) -> None:
        assert self._transport is not None
        self._answer = b""
        self._attempt = self._take()
        if self._attempt is None:
            self.over.set_result(None)
            self._transport.abort()
            return
        self._deadline = self._loop.call_later(
            _PATIENCE_WITH_BROKEN if self._attempt.kind == "broken" else _TIMEOUT, self._give_up
        )
        self._transport.write(self._attempt.raw)

    def _give_up(self) -> None:
        self._end(SILENT, self._answer)
        self._again()

    def _end(self, outcome: Outcome, answer: bytes) -> None:
        assert self._attempt is not None
        assert self._deadline is not None
        self._deadline.cancel()
        attempt, self._attempt = self._attempt, None
        self._done(attempt, outcome, answer)

    def _again(self) -> None:
        """On a new connection: nobody knows what the server takes the next bytes of this one for."""
        if self._transport is not None:
            self._transport.abort()


def _parsed(text: bytes, attempt: Attempt) -> tuple[int, int, bool] | None:
    """Status, length and whether the server closes, of an answer that is whole."""
    while text.startswith(b"HTTP/1.1 100 "):
        return _shifted(text, attempt)
    head, end, _ = text.partition(b"\r\n\r\n")
    if not end:
        return None
    lower = head.lower()
    place = lower.find(b"\r\ncontent-length: ")
    size = 0 if attempt.raw.startswith(b"HEAD ") else int(lower[place + 18 :].split(b"\r\n", 1)[0])
    length = len(head) + 4 + size
    # After a broken request the connection is in nobody knows what state.
    closes = b"\r\nconnection: close" in lower or attempt.kind == "broken"
    return (int(head[9:12]), length, closes) if len(text) >= length else None


def _shifted(text: bytes, attempt: Attempt) -> tuple[int, int, bool] | None:
    """Behind a `100 Continue`."""
    start = text.find(b"\r\n\r\n") + 4
    found = _parsed(text[start:], attempt) if start > 3 else None
    return found and (found[0], found[1] + start, found[2])
