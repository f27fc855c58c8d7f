"""Starlette + one `XADD` a request, without grouping: the simplest that keeps a webhook safe.

Tuned: redis.asyncio with hiredis, and a connection for each of the requests at a time, so that none waits for another's
answer and Redis can do one fsync for what several of them sent.
"""

import os

import orjson
import redis.asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_pool = redis.asyncio.BlockingConnectionPool.from_url(os.environ["BENCH_REDIS"], max_connections=64, protocol=2)
_client = redis.asyncio.Redis(connection_pool=_pool)
_OK = b'{"status":"ok"}'


async def webhooks(request: Request) -> Response:
    """Takes one webhook."""
    body = await request.body()
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return Response(b'{"error":"not json"}', 400, media_type="application/json")
    await _client.xadd("naive:webhooks", {"d": body})
    return Response(_OK, media_type="application/json")


app = Starlette(routes=[Route("/webhooks", webhooks, methods=["POST"])])
