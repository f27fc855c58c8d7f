"""The media client's fixtures."""

from tests.support.media.fixtures import api, client, media, other_client, redis_url, running_api

__all__ = ["api", "client", "media", "other_client", "redis_url", "running_api"]
