"""The types of the settings: how each is parsed from text and what values it allows. Pure."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode
from redis.connection import parse_url

from shared.networks import Network, networks

_TOKEN = re.compile(r"(?!(messages|statuses)$)[A-Za-z0-9._~-]+")
_REDIS = re.compile(r"(redis|rediss|unix)://")
_DATABASE = re.compile(r"sqlite:|postgresql\+psycopg:|none$")


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _parse_networks(value: object) -> object:
    return networks(value) if isinstance(value, str) else value


def _check_tokens(tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for token in tokens:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("a token is part of a URL: use letters, digits and . _ ~ - (not `messages` or `statuses`)")
    return tokens


def _check_proxies(proxies: tuple[Network, ...]) -> tuple[Network, ...]:
    if any(not network.prefixlen for network in proxies):
        raise ValueError("must not trust every address: any sender could then forge its own in X-Forwarded-For")
    return proxies


def _check_redis_url(url: SecretStr) -> SecretStr:
    if not _REDIS.match(url.get_secret_value()):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    try:
        parse_url(url.get_secret_value())  # type: ignore[no-untyped-call]
    except ValueError:  # its message may contain a part of the password
        raise ValueError("is not a URL such as redis://:password@host:6379/0 (a / in a password is %2F)") from None
    return url


def _check_database_url(url: SecretStr) -> SecretStr:
    if url and not _DATABASE.match(url.get_secret_value()):
        raise ValueError("must begin with sqlite: or postgresql+psycopg:, or be none")
    return url


def _check_password(password: SecretStr) -> SecretStr:
    if re.fullmatch("<.*>", password.get_secret_value()):
        raise ValueError("is the placeholder of the example: choose a password of your own")
    return password


def _check_media_url(url: str) -> str:
    if url and (urlsplit(url).scheme not in {"http", "https"} or url.count("{media_id}") != 1):
        raise ValueError("must be an http(s) URL that contains {media_id} once")
    return url


def _check_header_line(line: SecretStr) -> SecretStr:
    if line:
        name, colon, value = line.get_secret_value().partition(":")
        if not (colon and name.strip() and value.strip()) or any(ord(c) < 32 for c in name + value):
            raise ValueError("must be a complete header line such as `Authorization: Bearer …`")
    return line


def _check_modules(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{name!r} is not a valid module name")
    return names


# NoDecode: pydantic-settings would otherwise expect JSON for a tuple.
WebhookTokens = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_check_tokens)]
HandlerModules = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_check_modules)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_parse_networks)]
TrustedProxies = Annotated[Networks, AfterValidator(_check_proxies)]
RedisURL = Annotated[SecretStr, AfterValidator(_check_redis_url)]
DatabaseURL = Annotated[SecretStr, AfterValidator(_check_database_url)]
ConsolePassword = Annotated[SecretStr, AfterValidator(_check_password)]
MediaURL = Annotated[str, AfterValidator(_check_media_url)]
HeaderLine = Annotated[SecretStr, AfterValidator(_check_header_line)]
