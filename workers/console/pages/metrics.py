"""The metrics for Prometheus. Access is checked by the middleware (auth/middleware.py)."""

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.operations.metrics.collect import collect


async def metrics_page(request: Request) -> Response:
    """Return all metrics in the requested format."""
    console = context_of(request)
    text, media_type = await console.run_redis(_encode, console, request.headers.get("accept", ""))
    return Response(text, media_type=media_type)


def _encode(console: ConsoleContext, accept: str) -> tuple[bytes, str]:
    metrics = collect(console.redis, console.sampler, has_store=console.store is not None)
    try:
        encode, media_type = choose_encoder(accept)
    except TypeError:  # the header names an invalid version
        encode, media_type = choose_encoder("")
    return encode(metrics), media_type
