"""A server that speaks just enough RESP to refuse: what no real one can be made to say on demand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import redis.asyncio

from shared.redis.connection import connect_async


@asynccontextmanager
async def refusing(replies: Mapping[str, bytes]) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of a server that answers each command as given, and +OK to any other. An empty reply: it hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while command := await _command(reader):
            reply = replies.get(command, b"+OK\r\n")
            writer.write(reply)
            if not reply:
                break
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    port = listener.sockets[0].getsockname()[1]
    client = connect_async(f"redis://127.0.0.1:{port}/0", timeout=1.0)
    try:
        yield client
    finally:
        await client.aclose()
        listener.close()
        await listener.wait_closed()


async def _command(reader: asyncio.StreamReader) -> str:
    """The next command's name; empty at the end."""
    if not (head := await reader.readline()):
        return ""
    words = []
    for _ in range(int(head[1:])):
        length = int((await reader.readline())[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words[0].decode().upper()
