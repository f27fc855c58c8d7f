"""Health of this process, for load balancers and orchestrators."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Health:
    """`live`: the process runs. `ready`: it can make webhooks durable. `ping` says why not, or None."""

    def __init__(self, ping: Callable[[], Awaitable[str | None]]) -> None:
        self._ping = ping

    async def live(self, _request: Request) -> Response:
        """200 as long as the process answers at all."""
        return JSONResponse({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """200, or 503 with the reason."""
        reason = await self._ping()
        if reason is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"error": {"code": "unavailable", "message": reason}}, 503, {"retry-after": "5"})
