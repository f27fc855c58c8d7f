"""What the commands share: settings, Redis, and how they say what went wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

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

#: Exit code where what a command needs is not there now.
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
_ENDLESS = 1_000_000


def settings() -> Settings:
    """The settings; exits naming every wrong one."""
    try:
        return Settings.load()
    except InvalidSettings as error:
        exit_with(error)


def address(found: Settings, port: int | None = None) -> str:
    """The ingress's address as a URL; with a port, that of what listens there."""
    host = f"[{found.host}]" if ":" in found.host else found.host  # IPv6
    return f"http://{host}:{found.port if port is None else port}"


@contextmanager
def redis_client() -> Iterator[redis.Redis]:
    """A connection to the settings' Redis; exits with one line where it fails."""
    try:
        url = settings().redis
    except InvalidSettings as error:
        exit_with(error)
    client = connect(url, retries=0)
    try:
        yield client
    except RedisError as error:
        fail(f"Redis does not answer: {error}", UNAVAILABLE)
    finally:
        client.close()


def fail(message: str, code: int = 1) -> NoReturn:
    """One line on stderr, and exit."""
    typer.echo(f"sluice: {escape_control_chars(message)}", err=True)
    raise typer.Exit(code)


def console() -> Console:
    """Where tables are printed. Without a terminal each row is one line, however long: for grep and cut."""
    return Console() if sys.stdout.isatty() else Console(width=_ENDLESS)


def print_json(value: Any) -> None:
    """JSON on stdout, indented."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
