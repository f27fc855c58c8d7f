"""Values that SQL doesn't accept."""

import pytest

from shared.wire.lenient_json import loads
from tests.support.store.samples import image, row, status, text_message
from workers.events import Contact, ErrorDetail, MediaMetadata


def test_characters_that_sql_does_not_accept_are_replaced() -> None:
    message = text_message("a\0b \ud83d. \ud83d\ude00", contact=Contact(name="\ud83d"))
    assert row("messages", message)["text"] == "a\ufffdb \ufffd. 😀"
    assert row("customers", message)["name"] == "\ufffd"


def test_the_payload_is_kept_exactly() -> None:
    raw = {"nul": "\0", "half": "\ud83d", "huge": 10**40, "deep": [{"null": None}]}
    assert loads(row("events", text_message(raw=raw))["payload"].encode()) == raw


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_number_beyond_64_bits_is_dropped(number: int) -> None:
    failed = status("failed", errors=(ErrorDetail(code=number, title="t"),))
    assert (row("deliveries", failed)["error_code"], row("deliveries", failed)["error_title"]) == (None, "t")
    assert row("media", image(metadata=MediaMetadata(file_size=number)))["file_size"] is None


def test_very_long_identifiers_stay_distinct_and_fit_an_index() -> None:
    long = "😀" * 5000
    first, second = (row("events", text_message(wamid=long + end))["wamid"] for end in "ab")
    assert first != second
    assert len(first) == 255
    assert first.startswith("😀" * 100)
    assert row("messages", image(media_id=long))["media_id"] == row("media", image(media_id=long))["id"]
