"""`python -m ingress`: the ingress on uvicorn, at SLUICE_HOST and SLUICE_PORT."""

import uvicorn

from ingress.tracing import SERVICE
from ingress.uvicorn_http.fast_path import FastPathProtocol
from shared.observability.logging import configure_logging
from shared.observability.tracing import tracer_factory
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings


def main() -> None:
    """Runs until SIGTERM; requests under way are finished first. WEB_CONCURRENCY processes (uvicorn's setting)."""
    configure_logging()
    settings = exit_on_invalid_settings(Settings.load)
    exit_on_invalid_settings(settings.require_secret_unless_loopback)
    exit_on_invalid_settings(lambda: tracer_factory(SERVICE))
    uvicorn.run(
        "ingress.app:app",
        host=settings.host,
        port=settings.port,
        http=FastPathProtocol,
        loop="uvloop",
        lifespan="on",
        ws="none",
        access_log=False,  # a line an event is no log; and the path may hold the token
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        backlog=4096,
    )


if __name__ == "__main__":
    main()
