"""The settings, read once from the environment and `.env`. Nothing else in Sluice reads the environment."""

import difflib
import os
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import InvalidSettings
from shared.networks import is_loopback
from shared.setting_types import (
    ConsolePassword,
    DatabaseURL,
    HandlerModules,
    HeaderLine,
    MediaURL,
    Networks,
    RedisURL,
    TrustedProxies,
    WebhookTokens,
)

_PREFIX = "SLUICE_"
_MIB = 1024 * 1024


class Settings(BaseSettings):
    """Every setting, read from `SLUICE_<NAME>` in the environment or from `.env` in the working directory.

    The documentation of the settings is generated from the fields' descriptions.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    redis_url: RedisURL | None = Field(
        default=None,
        description="URL of the Redis primary (redis://, rediss:// or unix://). Unset: the server that `sluice up` "
        "embeds.",
    )
    database_url: DatabaseURL | None = Field(
        default=None,
        description="SQLAlchemy URL of the event store, or `none` to switch it off. Unset: SQLite in the data "
        "directory.",
    )
    data_dir: Path = Field(
        default=Path("var"), description="Directory of the embedded Redis, the SQLite database and the spool."
    )
    host: str = Field(default="127.0.0.1", description="Address that the ingress and the console bind to.")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port of the ingress.")
    console_port: int = Field(default=8001, ge=0, le=65535, description="TCP port of the console.")
    webhook_token: WebhookTokens = Field(
        default=(),
        description="Comma-separated secrets for the webhook's path or `X-Webhook-Token`. Any one of them is accepted, "
        "so that they can be rotated.",
    )
    hmac_secret: SecretStr | None = Field(
        default=None, description="Key of `X-Hub-Signature-256`. If set, every webhook must be signed."
    )
    verify_token: SecretStr | None = Field(
        default=None, description="Expected `hub.verify_token` of Meta's verification request."
    )
    sender_networks: Networks = Field(
        default=(),
        description="Comma-separated networks (CIDR) from which webhooks are accepted. Empty: from any address.",
    )
    trusted_proxies: TrustedProxies = Field(
        default=(),
        description="Comma-separated networks (CIDR) of proxies whose `X-Forwarded-For` is trusted. If there are any, "
        "a Unix socket also counts as a trusted proxy.",
    )
    max_body_bytes: int = Field(
        default=3 * _MIB,
        ge=1024,
        le=64 * _MIB,
        description="Maximum size of a webhook's body in bytes. Meta sends up to 3 MB.",
    )
    max_backlog: int = Field(
        default=0,
        ge=0,
        description="Maximum number of webhooks waiting for classification, per intake lane; further ones go to the "
        "spool. 0: limited only by Redis's memory.",
    )
    spool_bytes: int = Field(
        default=1024 * _MIB,
        ge=_MIB,
        description="Maximum size of the spool on disk in bytes. While it is full and Redis is unavailable, webhooks "
        "get a 503.",
    )
    spool_rate: int = Field(
        default=5000,
        ge=1,
        description="Maximum rate, in webhooks per second and ingress process, at which the spool is drained to Redis.",
    )
    dedupe_seconds: int = Field(
        default=86_400, ge=1, description="Time in seconds for which a repeated event is recognised as a duplicate."
    )
    min_replicas: int = Field(
        default=0,
        ge=0,
        description="Number of Redis replicas that must have a webhook before it is acknowledged (Redis's WAIT).",
    )
    media_url: MediaURL | None = Field(
        default=None,
        description="URL of the media API, containing `{media_id}` once. Unset: no media metadata is fetched.",
    )
    media_auth: HeaderLine | None = Field(
        default=None, description="Header line with the media API's credential, such as `Authorization: Bearer …`."
    )
    handlers: HandlerModules = Field(default=(), description="Comma-separated Python modules that define handlers.")
    console_password: ConsolePassword | None = Field(default=None, description="Password of the console.")

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Return the settings.

        Raises InvalidSettings with every invalid setting, but without its value, which may be a secret.
        """
        problems = _unknown_settings(cls)
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            problems += [_sentence(item["loc"], item["msg"]) for item in error.errors(include_url=False)]
        if problems:
            raise InvalidSettings(problems)
        return settings

    @property
    def media_header(self) -> tuple[str, str] | None:
        """Name and value of the media API's credential header, or None if `media_auth` is not set."""
        if self.media_auth is None:
            return None
        name, _, value = self.media_auth.get_secret_value().partition(":")
        return name.strip(), value.strip()

    @property
    def database(self) -> str | None:
        """The event store's URL, or None if it is switched off. It may contain a password: never show it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'sluice.db'}"
        url = self.database_url.get_secret_value()
        return None if url == "none" else url

    @property
    def redis(self) -> str:
        """The URL of Redis. It may contain a password: never show it.

        Raises InvalidSettings if `redis_url` is not set and no `sluice up` runs an embedded server.
        """
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        try:
            url = self.embedded_url_file.read_text().strip()
        except OSError:
            url = ""
        if not url:
            raise InvalidSettings(
                ["SLUICE_REDIS_URL is not set, and no `sluice up` runs an embedded server in this data directory"]
            )
        return url

    @property
    def spool_dir(self) -> Path:
        """Directory of the spool. It must be on a local disk: processes share it by file locks."""
        return self.data_dir.resolve() / "spool"

    @property
    def embedded_url_file(self) -> Path:
        """File to which `sluice up` writes the URL of the embedded server (mode 0600: it contains a password)."""
        return self.data_dir.resolve() / "valkey" / "url"

    @property
    def has_secret(self) -> bool:
        """Whether senders must authenticate, by a token or a signature."""
        return bool(self.webhook_token or self.hmac_secret)

    def require_secret_unless_loopback(self) -> None:
        """Raise InvalidSettings if webhooks could be sent over a network without a secret."""
        if not self.has_secret:
            self._require_loopback("SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET")

    def require_password_unless_loopback(self) -> None:
        """Raise InvalidSettings if the console could be used over a network without a password."""
        if self.console_password is None:
            self._require_loopback("SLUICE_CONSOLE_PASSWORD")

    def _require_loopback(self, missing: str) -> None:
        if not is_loopback(self.host):
            problem = f"SLUICE_HOST is {self.host}, which other machines can reach"
            raise InvalidSettings([f"{problem}: set {missing} (or bind to 127.0.0.1)"])


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    return f"{_PREFIX}{str(location[0]).upper()}: {message.removeprefix('Value error, ')}"


def _unknown_settings(settings: type[BaseSettings]) -> list[str]:
    # A misspelt secret would silently leave the ingress open.
    known = {_PREFIX + name.upper() for name in settings.model_fields}
    problems = []
    try:
        present = {*os.environ, *dotenv_values(".env")}
    except (OSError, UnicodeDecodeError):
        raise InvalidSettings([".env cannot be read, or is not UTF-8 text"]) from None
    for name in sorted(name for name in present if name.upper().startswith(_PREFIX) and name.upper() not in known):
        # Compared without the prefix, which would make all names similar.
        close = difflib.get_close_matches(name[len(_PREFIX) :].lower(), settings.model_fields, n=1)
        problems.append(f"unknown setting {name}" + (f"; did you mean {_PREFIX}{close[0].upper()}?" if close else ""))
    return problems
