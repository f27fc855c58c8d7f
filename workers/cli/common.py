"""What the commands share: options, settings, Redis, and how results and errors are printed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import orjson
import redis
import typer
from redis.exceptions import RedisError
from rich.console import Console

from shared.errors import InvalidSettings
from shared.redis.connection import connect
from shared.settings import Settings
from shared.startup import exit_with
from shared.text import escape_control_chars

#: Exit code when something that a command needs is unavailable (EX_UNAVAILABLE of sysexits.h).
UNAVAILABLE = 69
_UNLIMITED_WIDTH = 1_000_000

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def load_settings() -> Settings:
    """Return the settings, or exit with a line for each invalid one."""
    try:
        return Settings.load()
    except InvalidSettings as error:
        exit_with(error)


def ingress_url(settings: Settings, port: int | None = None) -> str:
    """Return the base URL of the ingress, or of the process at `port` on the same host."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host  # IPv6
    return f"http://{host}:{settings.port if port is None else port}"


def redis_url() -> str:
    """Return the address of Redis, or exit with a line for each invalid setting."""
    try:
        return load_settings().redis
    except InvalidSettings as error:
        exit_with(error)


@contextmanager
def redis_client() -> Iterator[redis.Redis]:
    """Connect to the Redis of the settings, and exit with one line if it fails within the context."""
    client = connect(redis_url(), retries=0)
    try:
        yield client
    except RedisError as error:
        fail(f"Redis does not answer: {error}", UNAVAILABLE)
    finally:
        client.close()


def fail(message: str, code: int = 1) -> NoReturn:
    """Print one line on stderr and exit."""
    typer.echo(f"sluice: {escape_control_chars(message)}", err=True)
    raise typer.Exit(code)


def console() -> Console:
    """Return the console for tables. Without a terminal each row is one line, however long, for grep and cut."""
    return Console() if sys.stdout.isatty() else Console(width=_UNLIMITED_WIDTH)


def print_json(value: Any) -> None:
    """Print indented JSON on stdout."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_result(text: str, fields: dict[str, Any], json: bool) -> None:
    """Print the fields as JSON, or else the text."""
    if json:
        print_json(fields)
    else:
        typer.echo(text)
