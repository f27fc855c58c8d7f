"""Sample webhooks, one of each kind, for the simulator, the demo and the tests.

All data in them is invented. The names are the types, with what is special about a sample behind a dash; they are
in Omni's format, except those that begin with `meta-`.
"""

import re
from importlib.resources import files
from random import Random
from typing import Any
from uuid import UUID

import orjson

#: The ids that are an event's or a delivery's own: wamids and UUIDs, not those of media or of buttons.
_IDS = re.compile(r"wamid\.|[0-9a-f]{8}-[0-9a-f]{4}-")


def names() -> list[str]:
    """The names of all samples, sorted."""
    return sorted(file.name.removesuffix(".json") for file in files(__name__).iterdir() if file.name.endswith(".json"))


def load(name: str) -> bytes:
    """One sample as it would be posted (JSON in UTF-8). Raises FileNotFoundError where there is none of that name."""
    return files(__name__).joinpath(f"{name}.json").read_bytes()


def fresh(name: str, now: int, random: Random) -> bytes:
    """The sample as if it were sent at `now` (seconds since 1970): new ids, so that it is no repetition."""
    document = orjson.loads(load(name))
    renamed: dict[str, str] = {}
    _renew(document, str(now), random, renamed)
    return orjson.dumps(document)


def _renew(value: Any, now: str, random: Random, renamed: dict[str, str]) -> None:
    # Equal ids stay equal: several statuses speak of one message, and the stub repeats the delivery's id.
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, dict):
            continue
        for key, inner in part.items():
            if key in {"id", "message_id"} and isinstance(inner, str) and _IDS.match(inner):
                part[key] = renamed.setdefault(inner, _new_id(inner, random))
            elif key == "timestamp":
                part[key] = now
            else:
                _renew(inner, now, random, renamed)


def _new_id(old: str, random: Random) -> str:
    fresh_part = f"{random.getrandbits(128):032X}"
    return f"wamid.{fresh_part}" if old.startswith("wamid.") else str(UUID(fresh_part))
