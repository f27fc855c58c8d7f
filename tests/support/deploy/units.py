"""Reading systemd's units and environment files."""

import re
import shlex
from pathlib import Path

from tests.support.deploy.programs import DEPLOY

SYSTEMD = DEPLOY / "systemd"
SERVICES = ("sluice-ingress.service", "sluice-worker@.service", "sluice-console.service")

Unit = dict[str, list[str]]


def unit(name: str) -> Unit:
    """Each setting's values in order, whatever its section: no name occurs in two of them."""
    settings: Unit = {}
    for line in (SYSTEMD / name).read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


def environment(found: Unit, instance: str) -> dict[str, str]:
    """What the unit's own Environment= lines set."""
    words = shlex.split(" ".join(found["Environment"]).replace("%i", instance))
    return dict(word.split("=", 1) for word in words)


def command(found: Unit, instance: str, values: dict[str, str]) -> list[str]:
    """ExecStart= as systemd would run it: `${NAME}` is one word, `$NAME` as many as it holds."""
    [line] = found["ExecStart"]
    words: list[str] = []
    for word in line.replace("%%", "\0").replace("%i", instance).replace("\0", "%").split():
        if word.startswith("$") and not word.startswith("${"):
            words += values[word[1:]].split()
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], word))
    return words


def example(file: Path, *, commented: bool = False) -> dict[str, str]:
    """An environment file's settings; if asked for, also those that are commented out."""
    lines = file.read_text().splitlines()
    found = [match for line in lines if (match := re.fullmatch(r"(#?)([A-Z_]+)=(.*)", line))]
    return {match[2]: match[3] for match in found if commented or not match[1]}
