"""The console as an ASGI application: `python -m workers.console`, or `uvicorn workers.console.app:app`.

The former ends open event streams at SIGTERM; the latter needs `--timeout-graceful-shutdown` for that.
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
from workers.console.auth.metrics_auth import METRICS_PATH
from workers.console.auth.middleware import AccessMiddleware
from workers.console.auth.security_headers import SecurityHeaders
from workers.console.context import ConsoleContext
from workers.console.forms import form_endpoint
from workers.console.pages import (
    audit,
    conversations,
    dead_letter_actions,
    dead_letters,
    errors,
    events,
    lanes,
    live,
    metrics,
    overview,
    report,
    sign_in,
)


def create_app(settings: Settings, console: ConsoleContext | None = None) -> ASGIApp:
    """Return the console's application. Raises InvalidSettings without a Redis, or if anyone could use it."""
    settings.require_password_unless_loopback()
    context = console or ConsoleContext(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        context.sampler.start()
        yield
        context.close()

    pages = Starlette(routes=routes(), exception_handlers=errors.HANDLERS, lifespan=lifespan)
    pages.state.console = context
    pages.router.redirect_slashes = False  # it would redirect to any host that the request names
    # These wrap the application because Starlette's own middleware doesn't see its responses to internal errors.
    guarded = AccessMiddleware(pages, context.sessions, password=context.password, proxies=settings.trusted_proxies)
    return SecurityHeaders(guarded)


def routes() -> list[Route | Mount]:
    """Return all routes of the console."""
    return [
        Route("/", overview.overview_page),
        Route("/live/{what}", live.stream),
        Route("/live/lanes/{lane}", live.lane_stream),
        Route("/lanes", lanes.lanes_page),
        Route("/lanes/{lane}", lanes.lane_page),
        Route("/lanes/{lane}/pause", form_endpoint(lanes.pause), methods=["POST"]),
        Route("/lanes/{lane}/resume", form_endpoint(lanes.resume), methods=["POST"]),
        Route("/dead", dead_letters.dead_letters_page),
        Route("/dead/confirm", form_endpoint(dead_letter_actions.confirm_page), methods=["POST"]),
        Route("/dead/act", form_endpoint(dead_letter_actions.act), methods=["POST"]),
        Route("/dead/restore", form_endpoint(dead_letter_actions.restore), methods=["POST"]),
        Route("/dead/{lane}/{id}", dead_letters.dead_letter_page),
        Route("/events", events.events_page),
        Route("/events/{token}", events.event_page),
        Route("/conversations", conversations.conversations_page),
        Route("/conversations", form_endpoint(conversations.open_conversation), methods=["POST"]),
        Route("/conversations/{token}", conversations.conversation_page),
        Route("/report", report.report_page),
        Route("/report/billing", report.billing_page),
        Route("/report/{what}.csv", report.download_csv),
        Route("/audit", audit.audit_page),
        Route("/sign-in", sign_in.sign_in_page),
        Route("/sign-in", form_endpoint(sign_in.sign_in), methods=["POST"]),
        Route("/sign-out", form_endpoint(sign_in.sign_out), methods=["POST"]),
        Route("/numbers", form_endpoint(sign_in.set_number_masking), methods=["POST"]),
        Route(METRICS_PATH, metrics.metrics_page),
        Route("/health/live", _live),
        Mount("/static", StaticFiles(directory=str(files(__package__) / "static"))),
    ]


async def _live(_request: Request) -> Response:
    return PlainTextResponse("live\n")


def __getattr__(name: str) -> ASGIApp:
    # Created on first access, so that importing this module doesn't read the environment.
    if name == "app":
        configure_logging()
        return exit_on_invalid_settings(lambda: create_app(Settings.load()))
    raise AttributeError(name)
