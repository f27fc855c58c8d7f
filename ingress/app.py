"""The ingress as an ASGI application: `uvicorn ingress.app:app`, or `python -m ingress`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import redis.asyncio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan

from ingress.auth import VerificationHandshake, WebhookAuthenticator, require_loopback
from ingress.delivery.group_commit import GroupCommit
from ingress.delivery.redis_writer import IntakeWriter
from ingress.health import Health
from ingress.process_stats import ProcessCounters, ProcessStatsReporter
from ingress.responses import error_body
from ingress.sender_filter import SenderNetworkFilter
from ingress.spool import FailoverWriter, SpoolWriter
from ingress.tracing import SERVICE, TracedWebhooks, traced
from ingress.webhooks import RequestCheck, WebhookEndpoint
from shared.errors import RequestRejected
from shared.lanes.intake import INTAKE, INTAKE_LARGE, INTAKE_STATUSES
from shared.observability.logging import configure_logging
from shared.observability.tracing import tracer_factory
from shared.redis.connection import connect_async
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

#: What may follow `/webhooks`.
WEBHOOK_PATHS = ("", "/messages", "/statuses", "/{token}", "/messages/{token}", "/statuses/{token}")


def create_app(
    settings: Settings, client: redis.asyncio.Redis | None = None, tracing: "Tracing | None" = None
) -> ASGIApp:
    """The whole ingress. Raises InvalidSettings where it would be open to everybody, or knows no Redis.

    `tracing`: what makes spans, where these are wanted; it ends with the application.
    """
    settings.require_secret_unless_loopback()
    client = client or connect_async(settings.redis)
    push = IntakeWriter(client, max_backlog=settings.max_backlog, min_replicas=settings.min_replicas)
    durable = FailoverWriter(
        traced(tracing, push.push) if tracing else push.push,
        push.ping,
        SpoolWriter(settings.spool_dir, limit=settings.spool_bytes),
        rate=settings.spool_rate,
        first=(INTAKE, INTAKE_LARGE, INTAKE_STATUSES),
    )
    tally = ProcessCounters()
    groups = {lane: _group(durable, lane, tally) for lane in (INTAKE, INTAKE_STATUSES, INTAKE_LARGE)}
    tokens = [token.get_secret_value() for token in settings.webhook_token]
    guard = WebhookAuthenticator(tokens, settings.hmac_secret.get_secret_value() if settings.hmac_secret else None)
    challenge = VerificationHandshake(settings.verify_token.get_secret_value() if settings.verify_token else None)
    report = ProcessStatsReporter(client, tally, durable)
    health = Health(push.ping, lambda: durable.state().refusing)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await push.ping()  # says in one line when Redis is not there; webhooks are taken all the same
        durable.start()
        report.start()
        yield
        await durable.stop()
        await report.stop()
        await client.aclose()
        if tracing:
            await asyncio.to_thread(tracing.close)

    kind = partial(TracedWebhooks, tracing) if tracing else WebhookEndpoint
    return kind(
        _fallback_app(challenge, health, lifespan),
        lambda lane, receipt: groups[lane].commit(receipt),
        guard,
        max_body_bytes=settings.max_body_bytes,
        submit=lambda lane, receipt, told: groups[lane].submit(receipt, told),
        checks=_checks(settings),
        tally=tally,
    )


def _fallback_app(challenge: VerificationHandshake, health: Health, lifespan: Lifespan[Starlette]) -> ASGIApp:
    """Everything but webhooks."""
    rest = Starlette(
        routes=[
            # POST never comes here; it is named so that a 405 tells what is allowed.
            *[
                Route(f"/webhooks{path}{slash}", challenge.answer, methods=["GET", "POST"])
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
    rest.router.redirect_slashes = False  # it would redirect to whatever host the request names
    return rest


def _checks(settings: Settings) -> list[RequestCheck]:
    checks: list[RequestCheck] = []
    if not settings.has_secret:
        checks.append(require_loopback)
    if settings.sender_networks:
        checks.append(SenderNetworkFilter(settings.sender_networks, settings.trusted_proxies).check)
    return checks


def _group(durable: FailoverWriter, lane: str, tally: ProcessCounters) -> GroupCommit:
    return GroupCommit(lambda receipts: durable.commit(lane, receipts), tally)


async def _handle_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    answer = RequestRejected(error.status_code, code, error.detail)
    return Response(error_body(answer), error.status_code, error.headers, "application/json")


async def _handle_rejected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRejected)
    return Response(error_body(error), error.status, media_type="application/json")


async def _handle_internal_error(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": {"code": "internal", "message": "this is a fault of the server; it was logged"}}, 500)


def _app_from_environment() -> ASGIApp:
    begin = tracer_factory(SERVICE)
    return create_app(Settings.load(), tracing=begin() if begin else None)


def __getattr__(name: str) -> ASGIApp:
    # Made when it is asked for, so that importing this module reads no environment.
    if name == "app":
        configure_logging()
        return exit_on_invalid_settings(_app_from_environment)
    raise AttributeError(name)
