"""What was fetched is not fetched again for a while, and a final answer for longer."""

from datetime import UTC, datetime

import pytest
import redis

from workers.events import MediaMetadata
from workers.media import MediaCache

FOUND = MediaMetadata(
    id="1", url="https://h/x", mime_type="a/b", sha256="ab", file_size=3, fetched_at=datetime(2026, 5, 1, tzinfo=UTC)
)
GONE = MediaMetadata(id="2", error="404 Not Found")


@pytest.fixture
def cache(client: redis.Redis) -> MediaCache:
    return MediaCache(client, "sluice:media")


def test_what_was_put_is_got_by_all(cache: MediaCache, other_client: redis.Redis) -> None:
    cache.put_many({"1": FOUND, "2": GONE})

    assert MediaCache(other_client, "sluice:media").get_many(["1", "2", "3", "1"]) == {"1": FOUND, "2": GONE}


def test_metadata_is_kept_for_four_minutes_and_a_final_answer_for_an_hour(
    cache: MediaCache, client: redis.Redis
) -> None:
    cache.put_many({"1": FOUND})
    assert [client.ttl(key) for key in client.keys("*")] == [pytest.approx(240, abs=2)]
    client.flushall()
    cache.put_many({"2": GONE})
    assert [client.ttl(key) for key in client.keys("*")] == [pytest.approx(3600, abs=2)]


@pytest.mark.parametrize("media_id", ["", "x" * 100_000, "a b\r\nFLUSHALL", "\x00", "\ud83d", "日本", "*", "{tag}"])
def test_a_strange_id_makes_a_key_like_any_other(cache: MediaCache, client: redis.Redis, media_id: str) -> None:
    cache.put_many({media_id: FOUND})

    assert cache.get_many([media_id]) == {media_id: FOUND}
    assert [len(key) for key in client.keys("*")] == [len("sluice:media:") + 64]


def test_what_another_version_wrote_is_as_good_as_not_there(cache: MediaCache, client: redis.Redis) -> None:
    cache.put_many({"1": FOUND})
    for key in client.keys("*"):
        client.set(key, b'{"file_size": "many"}')

    assert cache.get_many(["1"]) == {}


def test_of_nothing_nothing_is_asked(cache: MediaCache) -> None:
    cache.put_many({})
    assert cache.get_many([]) == {}


def test_a_half_character_in_metadata_harms_no_other(cache: MediaCache) -> None:
    cache.put_many({"\ud83d": MediaMetadata(id="\ud83d", error="refused"), "2": GONE})

    assert cache.get_many(["\ud83d", "2"]) == {"2": GONE}
