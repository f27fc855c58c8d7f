"""`python -m workers.console`: the console on uvicorn, at SLUICE_HOST and SLUICE_CONSOLE_PORT."""

from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from shared.observability import logging
from shared.settings import Settings
from shared.startup import or_refuse
from workers.console.app import create_app
from workers.console.context import Desk


class _Server(uvicorn.Server):
    """Ends the streams of live figures when it is told to stop: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        self._desk.stopping = True
        super().handle_exit(sig, frame)


def main() -> None:
    """Runs until SIGTERM."""
    logging.configure()
    settings, desk, app = or_refuse(_made)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.console_port,
        loop="uvloop",
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    _Server(config, desk).run()


def _made() -> tuple[Settings, Desk, ASGIApp]:
    settings = Settings.load()
    desk = Desk(settings)
    return settings, desk, create_app(settings, desk)


if __name__ == "__main__":
    main()
