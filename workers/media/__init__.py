"""Media metadata: what the provider's media API says of a media id. The files themselves are not fetched."""

from workers.media.address import BadMediaId, MediaAddress
from workers.media.answers import Answer, Found, Gone, Later, Tally, tally
from workers.media.breaker import Breaker, Policy
from workers.media.cache import MediaCache
from workers.media.client import MediaClient

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
    "Policy",
    "Tally",
    "tally",
]
