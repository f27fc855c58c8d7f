"""Sample webhooks of every kind, for the simulator, the demo and the tests.

All data in them is invented. A name is an event type, followed by what is special about the sample after a dash.
Samples are in Omni's format, except those with names that begin with `meta-`.
"""

import re
from importlib.resources import files
from random import Random
from typing import Any
from uuid import UUID

import orjson

#: The ids of events and deliveries: wamids and UUIDs, as opposed to ids of media or buttons.
_EVENT_ID = re.compile(r"wamid\.|[0-9a-f]{8}-[0-9a-f]{4}-")


def names() -> list[str]:
    """Return the names of all samples, sorted."""
    return sorted(file.name.removesuffix(".json") for file in files(__name__).iterdir() if file.name.endswith(".json"))


def load(name: str) -> bytes:
    """Return the body of a sample (JSON in UTF-8). Raises FileNotFoundError for an unknown name."""
    return files(__name__).joinpath(f"{name}.json").read_bytes()


def fresh(name: str, now: int, random: Random) -> bytes:
    """Return a sample with new ids and the time `now` (seconds since 1970), so that it is not a repetition."""
    document = orjson.loads(load(name))
    new_ids: dict[str, str] = {}
    _renew(document, str(now), random, new_ids)
    return orjson.dumps(document)


def _renew(value: Any, now: str, random: Random, new_ids: dict[str, str]) -> None:
    # Equal ids stay equal: several statuses refer to one message, and the last item repeats the delivery's id.
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        for key, inner in item.items():
            if key in {"id", "message_id"} and isinstance(inner, str) and _EVENT_ID.match(inner):
                item[key] = new_ids.setdefault(inner, _new_id(inner, random))
            elif key == "timestamp":
                item[key] = now
            else:
                _renew(inner, now, random, new_ids)


def _new_id(old: str, random: Random) -> str:
    digits = f"{random.getrandbits(128):032X}"
    return f"wamid.{digits}" if old.startswith("wamid.") else str(UUID(digits))
