"""Health checks of this process for load balancers and orchestrators."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_RETRY_AFTER = "5"  # seconds


class Health:
    """Serves `live` (the process runs) and `ready` (it can make webhooks durable, in Redis or in the spool).

    `ping` returns why Redis is unavailable, or None. `spool_problem` returns why the spool refuses webhooks, or "".
    """

    def __init__(self, ping: Callable[[], Awaitable[str | None]], spool_problem: Callable[[], str]) -> None:
        self._ping = ping
        self._spool_problem = spool_problem

    async def live(self, _request: Request) -> Response:
        """Return 200."""
        return JSONResponse({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """Return 200, or 503 with the reasons."""
        redis_problem = await self._ping()
        if redis_problem is None:
            return JSONResponse({"status": "ready"})
        spool_problem = self._spool_problem()
        if not spool_problem:
            return JSONResponse({"status": "ready", "redis": f"{redis_problem}; webhooks go to the spool"})
        message = f"{redis_problem}, and the spool refuses webhooks: {spool_problem}"
        return JSONResponse({"error": {"code": "unavailable", "message": message}}, 503, {"retry-after": _RETRY_AFTER})
