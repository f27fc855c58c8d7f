"""The console as an ASGI application: `python -m workers.console`, or `uvicorn workers.console.app:app`.

The former ends open pages' streams at SIGTERM; the latter wants `--timeout-graceful-shutdown` for that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from shared.observability.logging import configure_logging
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings
from workers.console.auth.metrics_auth import METRICS
from workers.console.auth.middleware import AccessMiddleware
from workers.console.auth.security_headers import SecurityHeaders
from workers.console.context import ConsoleContext
from workers.console.forms import form_page
from workers.console.pages import (
    audit,
    conversation,
    dead,
    dead_actions,
    errors,
    events,
    lanes,
    live,
    metrics,
    overview,
    report,
    sign_in,
)


def create_app(settings: Settings, desk: ConsoleContext | None = None) -> ASGIApp:
    """The whole console. Raises InvalidSettings where it would be open to everybody, or knows no Redis."""
    settings.require_password_unless_loopback()
    made = desk or ConsoleContext(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        made.sampler.start()
        yield
        made.close()

    pages = Starlette(routes=_routes(), exception_handlers=errors.HANDLERS, lifespan=lifespan)
    pages.state.desk = made
    pages.router.redirect_slashes = False  # it would redirect to whatever host the request names
    # Around it rather than as its middleware: what Starlette answers to a fault of ours goes through them, too.
    door = AccessMiddleware(pages, made.sessions, password=made.password, proxies=settings.trusted_proxies)
    return SecurityHeaders(door)


def _routes() -> list[Route | Mount]:
    return [
        Route("/", overview.page),
        Route("/live/{what}", live.stream),
        Route("/live/lanes/{lane}", live.lane),
        Route("/lanes", lanes.page),
        Route("/lanes/{lane}", lanes.one),
        Route("/lanes/{lane}/pause", form_page(lanes.pause), methods=["POST"]),
        Route("/lanes/{lane}/resume", form_page(lanes.resume), methods=["POST"]),
        Route("/dead", dead.page),
        Route("/dead/confirm", form_page(dead_actions.confirm), methods=["POST"]),
        Route("/dead/act", form_page(dead_actions.act), methods=["POST"]),
        Route("/dead/restore", form_page(dead_actions.restore), methods=["POST"]),
        Route("/dead/{lane}/{id}", dead.one),
        Route("/events", events.page),
        Route("/events/{token}", events.one),
        Route("/conversations", conversation.page),
        Route("/conversations", form_page(conversation.find), methods=["POST"]),
        Route("/conversations/{token}", conversation.one),
        Route("/report", report.page),
        Route("/report/billing", report.billing),
        Route("/report/{what}.csv", report.download),
        Route("/audit", audit.page),
        Route("/sign-in", sign_in.page),
        Route("/sign-in", form_page(sign_in.sign_in), methods=["POST"]),
        Route("/sign-out", form_page(sign_in.sign_out), methods=["POST"]),
        Route("/numbers", form_page(sign_in.numbers), methods=["POST"]),
        Route(METRICS, metrics.page),
        Route("/health/live", _live),
        Mount("/static", StaticFiles(directory=str(files(__package__) / "static"))),
    ]


async def _live(_request: Request) -> Response:
    return PlainTextResponse("live\n")


def __getattr__(name: str) -> ASGIApp:
    # Made when it is asked for, so that importing this module reads no environment.
    if name == "app":
        configure_logging()
        return exit_on_invalid_settings(lambda: create_app(Settings.load()))
    raise AttributeError(name)
