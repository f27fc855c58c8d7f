"""Media metadata: what the provider's media API says of a media id. The files themselves are not fetched."""

from workers.media.address import BadMediaId, MediaAddress
from workers.media.answers import Answer, Found, Gone, Later, Tally, status, tally
from workers.media.breaker import Breaker, Policy
from workers.media.cache import MediaCache
from workers.media.client import MediaClient
from workers.media.counting import MediaCounts

__all__ = [
    "Answer",
    "BadMediaId",
    "Breaker",
    "Found",
    "Gone",
    "Later",
    "MediaAddress",
    "MediaCache",
    "MediaClient",
    "MediaCounts",
    "Policy",
    "Tally",
    "status",
    "tally",
]
