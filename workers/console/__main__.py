"""`python -m workers.console`: the console on uvicorn, at SLUICE_HOST and SLUICE_CONSOLE_PORT."""

from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from shared.observability.logging import configure_logging
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings
from workers.console.app import create_app
from workers.console.context import ConsoleContext


class _Server(uvicorn.Server):
    """Ends the streams of live figures when it is told to stop: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, desk: ConsoleContext) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        self._desk.stopping = True
        super().handle_exit(sig, frame)


def main() -> None:
    """Runs until SIGTERM."""
    configure_logging()
    settings, desk, app = exit_on_invalid_settings(_made)
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


def _made() -> tuple[Settings, ConsoleContext, ASGIApp]:
    settings = Settings.load()
    desk = ConsoleContext(settings)
    return settings, desk, create_app(settings, desk)


if __name__ == "__main__":
    main()
