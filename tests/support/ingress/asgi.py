"""An ASGI server made of two lists: what the application receives, and what it sends."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from starlette.types import ASGIApp, Message, Scope

#: As pairs, where a name stands more than once.
Headers = Mapping[str, str] | Sequence[tuple[str, str]]
Messages = Iterable[Message] | AsyncIterator[Message]


class Answer(NamedTuple):
    """What the application sent, and how many messages it had taken by then."""

    status: int
    headers: dict[str, str]
    body: bytes
    received: int

    @property
    def json(self) -> Any:
        """The body's value."""
        return orjson.loads(self.body)

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of an error answer, whose shape is checked."""
        assert self.headers["content-type"] == "application/json"
        assert int(self.headers["content-length"]) == len(self.body)
        answer = self.json
        assert answer.keys() == {"error"}
        assert answer["error"].keys() == {"code", "message"}
        return answer["error"]["code"], answer["error"]["message"]


def whole(body: bytes) -> list[Message]:
    """A body in one piece."""
    return [{"type": "http.request", "body": body, "more_body": False}]


def pieces(*parts: bytes) -> list[Message]:
    """A body in several pieces."""
    return [
        {"type": "http.request", "body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)
    ]


async def call(
    app: ASGIApp, method: str, path: str, messages: Messages, headers: Headers | None = None, **scope: Any
) -> Answer | None:
    """The application's answer to one request; None where it sent none. `scope`: what differs in the request's."""
    received, sent = 0, []
    source = _source(messages)

    async def receive() -> Message:
        nonlocal received
        received += 1
        return await anext(source)

    async def send(message: Message) -> None:
        sent.append(dict(message))

    await app({**_scope(method, path, headers or {}), **scope}, receive, send)
    return _answer(sent, received) if sent else None


async def _source(messages: Messages) -> AsyncIterator[Message]:
    if isinstance(messages, AsyncIterator):
        async for message in messages:
            yield message
    else:
        for message in messages:
            yield message
    raise AssertionError("the application wants more than there is")


def _scope(method: str, path: str, headers: Headers) -> Scope:
    plain, _, query = path.partition("?")
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }


def _answer(sent: Sequence[Mapping[str, Any]], received: int) -> Answer:
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    assert [body["type"] for body in bodies] == ["http.response.body"] * len(bodies)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(body.get("body", b"") for body in bodies), received)
