"""Conversion of messages with files to rows of media."""

from tests.support.store.samples import at, counts, image, row
from workers.events import MediaMetadata


def test_media_has_the_webhooks_values_until_its_metadata_is_fetched() -> None:
    message = image(mime_type="image/png", sha256="abc", filename="a.png", link="https://x.test/a")
    assert row("messages", message)["media_id"] == "m1"
    assert row("media", message) == {
        "id": "m1",
        "wamid": "wamid.1",
        "mime_type": "image/png",
        "sha256": "abc",
        "filename": "a.png",
        "url": "https://x.test/a",
        "file_size": None,
        "fetched_at": None,
        "error": None,
    }


def test_fetched_metadata_is_completed_by_the_webhook() -> None:
    metadata = MediaMetadata(url="https://x.test/b", mime_type="image/webp", file_size=7, fetched_at=at(9))
    found = row("media", image(mime_type="image/png", sha256="abc", link="https://x.test/a", metadata=metadata))
    assert (found["mime_type"], found["sha256"], found["url"]) == ("image/webp", "abc", "https://x.test/b")
    assert (found["file_size"], found["fetched_at"], found["error"]) == (7, at(9), None)


def test_a_failed_metadata_fetch_stores_its_error() -> None:
    found = row("media", image(mime_type="image/png", metadata=MediaMetadata(error="404", fetched_at=at(9))))
    assert (found["mime_type"], found["error"], found["fetched_at"]) == ("image/png", "404", None)


def test_a_file_that_is_only_a_link_has_the_id_of_its_message() -> None:
    message = image(media_id=None, link="https://x.test/a")
    assert row("messages", message)["media_id"] == row("media", message)["id"] == "link:wamid.1"
    assert "media" not in counts(image(media_id=None))
    assert "media" not in counts(image(media_id=None, link="https://x.test/a", wamid=None))
