"""The settings: read once from the environment and `.env`; nothing else in Sluice reads the environment."""

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from redis.connection import parse_url

from shared.errors import InvalidSettings
from shared.networks import Network, is_loopback, networks

_PREFIX = "SLUICE_"
_MIB = 1024 * 1024
_TOKEN = re.compile(r"(?!(messages|statuses)$)[A-Za-z0-9._~-]+")
_REDIS = re.compile(r"(redis|rediss|unix)://")
_DATABASE = re.compile(r"sqlite:|postgresql\+psycopg:|none$")
_Secrets = Annotated[tuple[SecretStr, ...], NoDecode]
_Words = Annotated[tuple[str, ...], NoDecode]
_Networks = Annotated[tuple[Network, ...], NoDecode]


class Settings(BaseSettings):
    """Every setting, as `SLUICE_<NAME>` in the environment or in a file `.env` of the current folder."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    #: redis://, rediss:// or unix:// address of the one Redis primary. Not set: the server that `sluice up` embeds.
    redis_url: SecretStr | None = None
    #: SQLAlchemy address of the event store, or `none`. Not set: SQLite in the data folder.
    database_url: SecretStr | None = None
    #: Where the embedded Redis, SQLite and the spool keep their files.
    data_dir: Path = Path("var")
    #: Address and ports that are bound.
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    console_port: int = Field(default=8001, ge=0, le=65535)
    #: Secrets of the webhook's path or `X-Webhook-Token`. Any of them opens, so that they can be rotated.
    webhook_token: _Secrets = ()
    #: Key of `X-Hub-Signature-256`. Set: every webhook must be signed.
    hmac_secret: SecretStr | None = None
    #: What `hub.verify_token` of the verification challenge must equal.
    verify_token: SecretStr | None = None
    #: Networks (CIDR) that webhooks are taken from. None: from everywhere.
    sender_networks: _Networks = ()
    #: Networks of proxies whose `X-Forwarded-For` is believed. A Unix socket is a proxy's if there are any.
    trusted_proxies: _Networks = ()
    #: Bytes that a webhook's body may have. Meta sends up to 3 MB.
    max_body_bytes: int = Field(default=3 * _MIB, ge=1024, le=64 * _MIB)
    #: Webhooks that may wait for classification before new ones go to the spool. 0: no bound but Redis' memory.
    max_backlog: int = Field(default=0, ge=0)
    #: Bytes that the spool may take on disk. Full: webhooks are answered 503 while Redis does not take them.
    spool_bytes: int = Field(default=1024 * _MIB, ge=_MIB)
    #: Webhooks a second that each ingress process moves from the spool to Redis, beside those that come in.
    spool_rate: int = Field(default=5000, ge=1)
    #: How long a repetition of an event is recognised.
    dedupe_seconds: int = Field(default=86_400, ge=1)
    #: Replicas that must have a webhook before it is acknowledged (Redis' WAIT).
    min_replicas: int = Field(default=0, ge=0)
    #: Address of the media API, holding `{media_id}`. Not set: no metadata is fetched.
    media_url: str | None = None
    #: The header line with the media API's credential, such as `Authorization: Bearer …`.
    media_auth: SecretStr | None = None
    #: Python modules with handlers.
    handlers: _Words = ()
    #: The console's password.
    console_password: SecretStr | None = None

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """The settings. Raises InvalidSettings naming every wrong one, without its value: it may be a secret."""
        problems = _misspelt(cls)
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            problems += [_sentence(item["loc"], item["msg"]) for item in error.errors(include_url=False)]
        if problems:
            raise InvalidSettings(problems)
        return settings

    @field_validator("webhook_token", "handlers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("webhook_token")
    @classmethod
    def _tokens(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for token in tokens:
            if not _TOKEN.fullmatch(token.get_secret_value()):
                raise ValueError("a token stands in a path: letters, digits and . _ ~ - (not `messages`, `statuses`)")
        return tokens

    @field_validator("sender_networks", "trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return networks(value) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, proxies: tuple[Network, ...]) -> tuple[Network, ...]:
        if any(not network.prefixlen for network in proxies):
            raise ValueError("with everybody for a proxy each sender would say itself who it is")
        return proxies

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        if not _REDIS.match(url.get_secret_value()):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        try:
            parse_url(url.get_secret_value())  # type: ignore[no-untyped-call]
        except ValueError:  # its words may hold a part of the password
            raise ValueError("is no address such as redis://:password@host:6379/0 (a / in a password is %2F)") from None
        return url

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not _DATABASE.match(url.get_secret_value()):
            raise ValueError("must begin with sqlite: or postgresql+psycopg:, or be none")
        return url

    @field_validator("console_password")
    @classmethod
    def _password(cls, password: SecretStr | None) -> SecretStr | None:
        if password and re.fullmatch("<.*>", password.get_secret_value()):
            raise ValueError("is still the example's: put one of your own there")
        return password

    @field_validator("media_url")
    @classmethod
    def _media(cls, url: str | None) -> str | None:
        if url and (urlsplit(url).scheme not in {"http", "https"} or url.count("{media_id}") != 1):
            raise ValueError("must be an http(s) address that holds {media_id} once")
        return url

    @field_validator("media_auth")
    @classmethod
    def _header(cls, line: SecretStr | None) -> SecretStr | None:
        if line:
            name, colon, value = line.get_secret_value().partition(":")
            if not (colon and name.strip() and value.strip()) or any(ord(c) < 32 for c in name + value):
                raise ValueError("must be a whole header line such as `Authorization: Bearer …`")
        return line

    @field_validator("handlers")
    @classmethod
    def _modules(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not all(part.isidentifier() for part in name.split(".")):
                raise ValueError(f"{name!r} is no module name")
        return names

    @property
    def media_header(self) -> tuple[str, str] | None:
        """Name and value of the media API's credential header."""
        if self.media_auth is None:
            return None
        name, _, value = self.media_auth.get_secret_value().partition(":")
        return name.strip(), value.strip()

    @property
    def database(self) -> str | None:
        """The event store's address; None where it is switched off. Holds a secret: never show it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'sluice.db'}"
        url = self.database_url.get_secret_value()
        return None if url == "none" else url

    @property
    def redis(self) -> str:
        """Redis' address. Holds a secret: never show it. Raises InvalidSettings where there is none to be had."""
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        try:
            url = self.embedded_url_file.read_text().strip()
        except OSError:
            url = ""
        if not url:
            raise InvalidSettings(
                ["SLUICE_REDIS_URL is not set, and no `sluice up` runs a Redis of its own in this data folder"]
            )
        return url

    @property
    def spool_dir(self) -> Path:
        """Where webhooks wait that Redis could not take. On a local disk: it is shared by file locks."""
        return self.data_dir.resolve() / "spool"

    @property
    def embedded_url_file(self) -> Path:
        """Where `sluice up` leaves the address of the server it embeds (mode 0600: it holds a password)."""
        return self.data_dir.resolve() / "valkey" / "url"

    @property
    def has_secret(self) -> bool:
        """Whether a sender must prove that it may send."""
        return bool(self.webhook_token or self.hmac_secret)

    def require_secret_unless_loopback(self) -> None:
        """Raises InvalidSettings where anybody on a network could send webhooks without a secret."""
        if not self.has_secret:
            self._require_loopback("SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET")

    def require_password_unless_loopback(self) -> None:
        """Raises InvalidSettings where anybody on a network could use the console."""
        if self.console_password is None:
            self._require_loopback("SLUICE_CONSOLE_PASSWORD")

    def _require_loopback(self, missing: str) -> None:
        if not is_loopback(self.host):
            host = f"SLUICE_HOST is {self.host}, which others can reach"
            raise InvalidSettings([f"{host}: set {missing} (or bind to 127.0.0.1)"])


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    return f"{_PREFIX}{str(location[0]).upper()}: {message.removeprefix('Value error, ')}"


def _misspelt(settings: type[BaseSettings]) -> list[str]:
    # A misspelt secret would leave the door open without a word.
    known = {_PREFIX + name.upper() for name in settings.model_fields}
    problems = []
    try:
        stated = {*os.environ, *dotenv_values(".env")}
    except (OSError, UnicodeDecodeError):
        raise InvalidSettings([".env cannot be read, or is no text in UTF-8"]) from None
    for name in sorted(name for name in stated if name.upper().startswith(_PREFIX) and name.upper() not in known):
        # Without the prefix, which makes all names alike.
        close = difflib.get_close_matches(name[len(_PREFIX) :].lower(), settings.model_fields, n=1)
        problems.append(f"{name} is no setting" + (f"; did you mean {_PREFIX}{close[0].upper()}?" if close else ""))
    return problems
