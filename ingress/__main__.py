"""`python -m ingress`: the ingress on uvicorn, at SLUICE_HOST and SLUICE_PORT."""

import uvicorn

from ingress.tracing import SERVICE
from ingress.uvicorn_http.fast_path import DirectProtocol
from shared.observability import logging
from shared.observability.tracing import chosen
from shared.settings import Settings
from shared.startup import or_refuse


def main() -> None:
    """Runs until SIGTERM; requests under way are finished first. WEB_CONCURRENCY processes (uvicorn's setting)."""
    logging.configure()
    settings = or_refuse(Settings.load)
    or_refuse(settings.require_secret_unless_loopback)
    or_refuse(lambda: chosen(SERVICE))
    uvicorn.run(
        "ingress.app:app",
        host=settings.host,
        port=settings.port,
        http=DirectProtocol,
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
