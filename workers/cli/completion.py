"""Shell completion of arguments. A failure offers nothing and prints nothing."""

from contextlib import suppress

from redis.exceptions import RedisError

from shared.errors import InvalidSettings
from shared.redis.connection import connect
from shared.settings import Settings
from workers.devtools import samples
from workers.lanes.reader import LaneReader


def sample_names(incomplete: str) -> list[str]:
    """Return the names of samples with that beginning."""
    return [name for name in samples.names() if name.startswith(incomplete)]


def lane_names(incomplete: str) -> list[str]:
    """Return the names of registered lanes with that beginning."""
    with suppress(RedisError, OSError, InvalidSettings), connect(Settings.load().redis, retries=0) as client:
        return [lane for lane in LaneReader(client).lanes() if lane.startswith(incomplete)]
    return []
