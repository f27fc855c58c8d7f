"""What the stand-in media API answers at once; see `tests.support.media_api` for the table of prefixes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse


def answer(media_id: str) -> Response:
    """The answer that this id's prefix stands for."""
    digest = hashlib.sha256(media_id.encode()).hexdigest()
    omni = {"url": f"https://media.example/{digest[:16]}", "mime_type": "image/jpeg"}
    match media_id.partition("-")[0]:
        case "gone":
            return error(404, 100, "Object does not exist, or has expired")
        case "busy":
            return JSONResponse({"message": "Too many requests"}, 429, {"retry-after": "7"})
        case "broken":
            return error(500, 1, "An unknown error occurred")
        case "redirect":
            return RedirectResponse("/elsewhere", 302)
        case "html":
            return HTMLResponse("<h1>It works!</h1>")
        case "huge":
            return StreamingResponse(_endless(b"x" * 16_384, 0.0), media_type="application/json")
        case "drip":
            return StreamingResponse(_endless(b" ", 0.02), media_type="application/json")
        case "meta":
            return JSONResponse(omni | {"id": media_id, "sha256": digest, "file_size": "81920"})
    return JSONResponse(omni)


def error(status: int, code: int, message: str) -> Response:
    """An error in Meta's shape."""
    return JSONResponse({"error": {"message": message, "type": "GraphMethodException", "code": code}}, status)


async def _endless(part: bytes, pause: float) -> AsyncIterator[bytes]:
    while True:
        yield part
        await asyncio.sleep(pause)
