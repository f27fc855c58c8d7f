"""`deploy/compose.yaml` as Compose would see it."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.deploy.programs import DEPLOY

TEXT = (DEPLOY / "compose.yaml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
#: The services that run Sluice's own image.
ROLES = sorted(name for name, service in SERVICES.items() if "build" in service)
#: What compose.yaml requires.
SECRETS = {
    "REDIS_PASSWORD": "a" * 32,
    "POSTGRES_PASSWORD": "b" * 32,
    "SLUICE_WEBHOOK_TOKEN": "c" * 32,
    "SLUICE_CONSOLE_PASSWORD": "d" * 32,
}

_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its `${NAME…}` filled in, from the values or by default. Raises KeyError for a required one."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        return values[name] if kind != "-" else values.get(name, default)

    return _VARIABLE.sub(value, text).replace("$$", "$")


def environment(service: str, values: Mapping[str, str]) -> dict[str, str]:
    """A service's environment. A name without a value is handed on if it is among the values."""
    variables = SERVICES[service]["environment"].items()
    stated = {name: filled(str(text), values) for name, text in variables if text is not None}
    handed_on = {name: values[name] for name, text in variables if text is None and name in values}
    return stated | handed_on


def command(service: str, values: Mapping[str, str]) -> list[str]:
    """A service's command as words; the image's own where none is stated."""
    stated = SERVICES[service].get("command", "python -m ingress")
    return filled(stated, values).split() if isinstance(stated, str) else [filled(word, values) for word in stated]


def health(service: str) -> list[str]:
    """The command that asks for a service's health."""
    kind, *words = SERVICES[service]["healthcheck"]["test"]
    return ["sh", "-c", words[0].replace("$$", "$")] if kind == "CMD-SHELL" else words
