"""Run the console with uvicorn at SLUICE_HOST and SLUICE_CONSOLE_PORT: `python -m workers.console`."""

from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from shared.observability.logging import configure_logging
from shared.settings import Settings
from shared.startup import exit_on_invalid_settings
from workers.console.app import create_app
from workers.console.context import ConsoleContext


class _Server(uvicorn.Server):
    """Ends open event streams at shutdown; uvicorn would wait for them."""

    def __init__(self, config: uvicorn.Config, console: ConsoleContext) -> None:
        super().__init__(config)
        self._console = console

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle SIGTERM or SIGINT."""
        self._console.stopping = True
        super().handle_exit(sig, frame)


def main() -> None:
    """Run the console until SIGTERM or SIGINT."""
    configure_logging()
    settings, console, app = exit_on_invalid_settings(_create)
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
    _Server(config, console).run()


def _create() -> tuple[Settings, ConsoleContext, ASGIApp]:
    settings = Settings.load()
    console = ConsoleContext(settings)
    return settings, console, create_app(settings, console)


if __name__ == "__main__":
    main()
