"""`python -m ingress`: the ingress on uvicorn, at SLUICE_HOST and SLUICE_PORT."""

import uvicorn

from ingress.tracing import observer_factory
from ingress.uvicorn_http.fast_path import FastPathProtocol
from shared.observability.logging import configure_logging
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings


def main() -> None:
    """Serve until SIGTERM, then finish the requests in progress.

    uvicorn starts WEB_CONCURRENCY processes (its own environment variable). Invalid settings end the program here,
    before any of them starts.
    """
    configure_logging()
    settings = exit_on_invalid_settings(Settings.load)
    exit_on_invalid_settings(settings.require_secret_unless_loopback)
    exit_on_invalid_settings(observer_factory)
    uvicorn.run(
        "ingress.app:app",
        host=settings.host,
        port=settings.port,
        http=FastPathProtocol,
        loop="uvloop",
        lifespan="on",
        ws="none",
        access_log=False,  # one line per webhook is not useful, and the path may contain the token
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        backlog=4096,
    )


if __name__ == "__main__":
    main()
