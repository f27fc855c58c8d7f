"""One HTTP/1.1 connection that is kept alive: as little as a sender needs, so that it leaves the machine to others."""

import asyncio

_HEAD_END = b"\r\n\r\n"


class Connection:
    """To a port of 127.0.0.1; opened when it is first needed, and again after it failed."""

    def __init__(self, port: int, *, timeout: float) -> None:
        self.port = port
        self._timeout = timeout  # seconds for a whole request
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> int:
        """The status of the answer. Raises OSError (TimeoutError too) where there was none."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(path, body)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            self.close()
            raise ConnectionError(f"no answer: {error!r}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Drops the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _post(self, path: str, body: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(_HEAD_END)).decode("latin-1").lower()
        await reader.readexactly(_length(answer))
        if "connection: close" in answer:
            self.close()
        return int(answer.split(" ", 2)[1])


def _length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name == "content-length":
            return int(value)
    raise ValueError("an answer without its length")
