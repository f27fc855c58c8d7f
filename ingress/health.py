"""Health of this process, for load balancers and orchestrators."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Health:
    """`live`: the process runs. `ready`: it can make webhooks durable, in Redis or else in the spool.

    `ping` says why Redis does not take them, or None; `spool_refuses` why the spool does not, or "".
    """

    def __init__(self, ping: Callable[[], Awaitable[str | None]], spool_refuses: Callable[[], str]) -> None:
        self._ping = ping
        self._spool_refuses = spool_refuses

    async def live(self, _request: Request) -> Response:
        """200 as long as the process answers at all."""
        return JSONResponse({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """200, or 503 with the reasons."""
        reason = await self._ping()
        if reason is None:
            return JSONResponse({"status": "ready"})
        refusal = self._spool_refuses()
        if not refusal:
            return JSONResponse({"status": "ready", "redis": f"{reason}; webhooks go to the spool"})
        message = f"{reason}, and the spool does not take webhooks: {refusal}"
        return JSONResponse({"error": {"code": "unavailable", "message": message}}, 503, {"retry-after": "5"})
