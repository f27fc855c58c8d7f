"""The media client's fixtures."""

from tests.support.media.fixtures import api, media, other_client, running_api

__all__ = ["api", "media", "other_client", "running_api"]
