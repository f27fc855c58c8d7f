"""The metrics, for Prometheus. Who may read them is decided at the door (guard/door.py)."""

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.operations.metrics.collect import collect


async def page(request: Request) -> Response:
    """All of them, in the format that is asked for."""
    here = context_of(request)
    written, kind = await here.run_redis(_written, here, request.headers.get("accept", ""))
    return Response(written, media_type=kind)


def _written(here: ConsoleContext, accepted: str) -> tuple[bytes, str]:
    sheet = collect(here.redis, here.sampler, has_store=here.store is not None)
    try:
        encode, kind = choose_encoder(accepted)
    except TypeError:  # a version that is no number
        encode, kind = choose_encoder("")
    return encode(sheet), kind
