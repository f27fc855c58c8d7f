"""Media metadata: what the provider's media API says of a media id. The files themselves are not fetched."""

from workers.media.address import InvalidMediaId, MediaAddress
from workers.media.answers import Fetched, LookupCounts, LookupResult, Permanent, Transient, count_answers, status
from workers.media.breaker import MediaBreakerPolicy, MediaCircuitBreaker
from workers.media.cache import MediaCache
from workers.media.client import MediaClient
from workers.media.counting import MediaAnswerCounter

__all__ = [
    "Fetched",
    "InvalidMediaId",
    "LookupCounts",
    "LookupResult",
    "MediaAddress",
    "MediaAnswerCounter",
    "MediaBreakerPolicy",
    "MediaCache",
    "MediaCircuitBreaker",
    "MediaClient",
    "Permanent",
    "Transient",
    "count_answers",
    "status",
]
