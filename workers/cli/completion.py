"""What a shell completes beyond the names of commands and options. It never says why it has nothing to offer."""

from contextlib import suppress

from redis.exceptions import RedisError

from shared.errors import InvalidSettings
from shared.redis.connection import connect
from shared.settings import Settings
from workers.devtools import samples
from workers.lanes.reader import LaneReader


def kinds(incomplete: str) -> list[str]:
    """Kinds of samples that begin so."""
    return [name for name in samples.names() if name.startswith(incomplete)]


def lanes(incomplete: str) -> list[str]:
    """Lanes that any worker ever made known and that begin so."""
    with suppress(RedisError, OSError, InvalidSettings), connect(Settings.load().redis, retries=0) as client:
        return [lane for lane in LaneReader(client).lanes() if lane.startswith(incomplete)]
    return []
