"""Media metadata: what the provider's media API answers for a media id. The files themselves are not fetched."""

from workers.media.address import InvalidMediaId, MediaAddress
from workers.media.breaker import MediaBreakerPolicy, MediaCircuitBreaker
from workers.media.cache import MediaCache
from workers.media.client import MediaClient
from workers.media.result_counter import MediaResultCounter
from workers.media.results import Fetched, LookupCounts, LookupResult, Permanent, Transient, count_results, http_status

__all__ = [
    "Fetched",
    "InvalidMediaId",
    "LookupCounts",
    "LookupResult",
    "MediaAddress",
    "MediaBreakerPolicy",
    "MediaCache",
    "MediaCircuitBreaker",
    "MediaClient",
    "MediaResultCounter",
    "Permanent",
    "Transient",
    "count_results",
    "http_status",
]
