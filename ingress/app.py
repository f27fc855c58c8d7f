"""The ingress as an ASGI application: `uvicorn ingress.app:app`, or `python -m ingress`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan

from ingress.auth import VerificationHandshake, WebhookAuthenticator, require_loopback
from ingress.delivery import Delivery, FailoverWriter
from ingress.delivery.redis_writer import IntakeWriter
from ingress.health import Health
from ingress.observer import NO_OBSERVER, WebhookObserver
from ingress.process_stats import ProcessCounters, ProcessStatsReporter
from ingress.responses import error_body
from ingress.sender_filter import SenderNetworkFilter
from ingress.spool import SpoolWriter
from ingress.tracing import observer_factory
from ingress.webhooks import RequestCheck, WebhookEndpoint
from shared.errors import RequestRejected
from shared.lanes.intake import INTAKE, INTAKE_LARGE, INTAKE_STATUSES
from shared.observability.logging import configure_logging
from shared.redis.connection import connect_async
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings

#: What may follow `/webhooks`, besides a trailing slash.
WEBHOOK_PATHS = ("", "/messages", "/statuses", "/{token}", "/messages/{token}", "/statuses/{token}")
#: The order in which the lanes are drained from the spool: a customer's message first, a campaign's statuses last.
_DRAIN_ORDER = (INTAKE, INTAKE_LARGE, INTAKE_STATUSES)


def create_app(
    settings: Settings, client: redis.asyncio.Redis | None = None, observer: WebhookObserver = NO_OBSERVER
) -> WebhookEndpoint:
    """Compose the ingress. `observer` is closed with the application.

    Raises InvalidSettings if the ingress would accept webhooks from a network without a secret, or if there is no Redis
    to connect to.
    """
    settings.require_secret_unless_loopback()
    client = client or connect_async(settings.redis)
    counters = ProcessCounters()
    redis_writer = IntakeWriter(client, max_backlog=settings.max_backlog, min_replicas=settings.min_replicas)
    failover_writer = FailoverWriter(
        observer.observe_push(redis_writer.push),
        redis_writer.ping,
        SpoolWriter(settings.spool_dir, limit=settings.spool_bytes),
        rate=settings.spool_rate,
        first=_DRAIN_ORDER,
    )
    delivery = Delivery(failover_writer, counters)
    reporter = ProcessStatsReporter(client, counters, delivery.spool_status)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await redis_writer.ping()  # logs if Redis is unavailable; webhooks are accepted all the same
        delivery.start()
        reporter.start()
        yield
        await delivery.stop()
        await reporter.stop()
        await client.aclose()
        await observer.close()

    health = Health(redis_writer.ping, lambda: delivery.spool_status().refusing)
    return WebhookEndpoint(
        _fallback_app(_handshake(settings), health, lifespan),
        delivery,
        _authenticator(settings),
        max_body_bytes=settings.max_body_bytes,
        checks=_checks(settings),
        counters=counters,
        observer=observer,
    )


def _authenticator(settings: Settings) -> WebhookAuthenticator:
    tokens = [token.get_secret_value() for token in settings.webhook_token]
    return WebhookAuthenticator(tokens, settings.hmac_secret.get_secret_value() if settings.hmac_secret else None)


def _handshake(settings: Settings) -> VerificationHandshake:
    return VerificationHandshake(settings.verify_token.get_secret_value() if settings.verify_token else None)


def _checks(settings: Settings) -> list[RequestCheck]:
    checks: list[RequestCheck] = []
    if not settings.has_secret:
        checks.append(require_loopback)
    if settings.sender_networks:
        checks.append(SenderNetworkFilter(settings.sender_networks, settings.trusted_proxies).check)
    return checks


def _fallback_app(handshake: VerificationHandshake, health: Health, lifespan: Lifespan[Starlette]) -> ASGIApp:
    """Return the application for everything but webhooks."""
    app = Starlette(
        routes=[
            # A POST never gets here, but it is declared so that a 405 lists it as allowed.
            *[
                Route(f"/webhooks{path}{slash}", handshake.answer, methods=["GET", "POST"])
                for path in WEBHOOK_PATHS
                for slash in ("", "/")
            ],
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
        ],
        exception_handlers={
            HTTPException: _handle_http_error,
            RequestRejected: _handle_rejected,
            Exception: _handle_internal_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # it would redirect to any host that the request names
    return app


async def _handle_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    rejection = RequestRejected(error.status_code, code, error.detail)
    return Response(error_body(rejection), error.status_code, error.headers, "application/json")


async def _handle_rejected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRejected)
    return Response(error_body(error), error.status, media_type="application/json")


async def _handle_internal_error(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": {"code": "internal", "message": "internal server error; it was logged"}}, 500)


def _app_from_environment() -> WebhookEndpoint:
    make_observer = observer_factory()
    return create_app(Settings.load(), observer=make_observer())


def __getattr__(name: str) -> WebhookEndpoint:
    # Created on first access, so that importing this module does not read the environment.
    if name == "app":
        configure_logging()
        return exit_on_invalid_settings(_app_from_environment)
    raise AttributeError(name)
