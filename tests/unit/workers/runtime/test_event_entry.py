"""Entries of the lanes: what goes in comes out, whatever a sender wrote, and junk is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.events import ImageMessage, MediaMetadata, StatusUpdate, TextMessage, UnknownEvent
from workers.parsing import RawEvent
from workers.runtime.event_entry import (
    EventEntry,
    InvalidEntry,
    Origin,
    build_event,
    decode_entry,
    encode_entry,
    entry_key,
    entry_origin,
)

TEXTS = st.text(st.characters(), max_size=20)  # lone surrogates included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
METADATA = MediaMetadata(
    id="77",
    url="https://media.example/77",
    mime_type="image/jpeg",
    sha256="aGFzaA==",
    file_size=2**40,
    fetched_at=datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
)


def _item(body: Any = None, **fields: Any) -> RawEvent:
    return RawEvent(**({"kind": "message", "type": "text", "key": "m:text:wamid.1", "body": body} | fields))


@given(
    body=VALUES,
    contact=st.none() | st.dictionaries(TEXTS, VALUES, max_size=2),
    key=TEXTS,
    reason=st.none() | TEXTS,
    received_ms=st.integers(0, 2**53),
)
def test_an_entry_comes_out_as_it_went_in(
    body: Any, contact: Any, key: str, reason: str | None, received_ms: int
) -> None:
    entry = EventEntry(_item(body, contact=contact, key=key, reason=reason), "00ff", received_ms)
    assert decode_entry(encode_entry(entry)) == entry
    assert entry_key(encode_entry(entry)) == key


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"[]", b"1", b"null"])
def test_what_is_no_entry_has_no_key(data: bytes) -> None:
    with pytest.raises(InvalidEntry):
        entry_key(data)


@pytest.mark.parametrize(
    "body",
    [
        {"text": {"body": "half an emoji: \ud83d"}},
        {"amount": 10**40, "negative": -(10**25), "exact": 2**63},
        {"deep": [[[[[[[[[[1]]]]]]]]]]},
        "text",
        None,
        0,
    ],
)
def test_what_real_senders_write_survives(body: Any) -> None:
    assert decode_entry(encode_entry(EventEntry(_item(body), "r", 1))).raw_event.body == body


@pytest.mark.parametrize("metadata", [METADATA, MediaMetadata(), MediaMetadata(id="77", error="404 Not Found")])
def test_metadata_goes_along(metadata: MediaMetadata) -> None:
    entry = EventEntry(_item({"image": {}}, type="image", media_id="77"), "r", 1, metadata)
    assert decode_entry(encode_entry(entry)) == entry


@given(body=VALUES, trace=st.text(st.characters(codec="ascii"), max_size=99))
def test_the_trace_goes_along_and_is_found_whatever_the_payload(body: Any, trace: str) -> None:
    entry = EventEntry(_item(body), "00ff", 1, trace=trace)
    assert decode_entry(encode_entry(entry)) == entry
    assert entry_origin(encode_entry(entry)) == Origin("00ff", trace)


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"{}", b'{"r":7}', b'{"tp":"00-"}', b"\xff", b"[" * 5000])
def test_what_is_no_entry_comes_from_nowhere(data: bytes) -> None:
    assert entry_origin(data).receipt == ""


def test_what_is_not_there_takes_no_room() -> None:
    assert json.loads(encode_entry(EventEntry(_item("b"), "r", 7))) == {
        "r": "r",
        "at": 7,
        "k": "m:text:wamid.1",
        "n": "message",
        "t": "text",
        "b": "b",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'{"r":"r","at":1}',
        b'{"r":"r","k":"k","n":"message","t":"text","b":{}}',
        b'{"at":1,"k":"k","n":"message","t":"text","b":{}}',
        b'{"r":"r","at":"soon","k":"k","n":"message","t":"text","b":{}}',
        b'{"r":"r","at":[1],"k":"k","n":"message","t":"text","b":{}}',
        b'{"r":"r","at":1,"k":7,"n":"message","t":"text","b":{}}',
        b'{"r":"r","at":1,"k":"k","n":"gossip","t":"text","b":{}}',
        b'{"r":"r","at":1,"k":"k","n":"message","t":["text"],"b":{}}',
        b'{"r":"r","at":1,"k":"k","n":"message","t":"image","b":{},"i":{"id":1}}',
        b'{"r":"r","at":1,"k":"k","n":"message","t":"image","b":{},"m":5}',
        b'{"r":"r","at":1,"k":"k","n":"message","t":"image","b":{},"m":{"file_size":"large"}}',
        b"[" * 5000,
    ],
)
def test_junk_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(InvalidEntry, match="not an event entry"):
        decode_entry(data)


@given(data=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_bad_entry_is_ever_raised(data: bytes) -> None:
    with pytest.raises(InvalidEntry):
        decode_entry(data)


@pytest.mark.parametrize("received_ms", [10**18, -(10**18), 10**30, 10**400], ids=["late", "early", "later", "latest"])
def test_a_time_that_cannot_be_is_refused(received_ms: int) -> None:
    with pytest.raises(InvalidEntry, match="time of receipt is invalid"):
        build_event(EventEntry(_item({}), "r", received_ms), 1)


def test_a_handler_gets_the_event_with_its_receipt_and_its_attempt() -> None:
    body = {"id": "wamid.1", "type": "text", "text": {"body": "hello"}, "timestamp": "1777600000"}
    event = build_event(decode_entry(encode_entry(EventEntry(_item(body), "00ff", 1_777_600_001_500))), 3)
    assert isinstance(event, TextMessage)
    assert (event.text, event.key, event.attempt, event.receipt) == ("hello", "m:text:wamid.1", 3, "00ff")
    assert event.received_at == datetime(2026, 5, 1, 1, 46, 41, 500_000, tzinfo=UTC)
    assert event.raw == body


def test_every_kind_of_item_becomes_its_event() -> None:
    image = _item({"id": "wamid.1", "image": {"id": "77"}}, type="image", media_id="77")
    event = build_event(decode_entry(encode_entry(EventEntry(image, "r", 1, METADATA))), 1)
    assert isinstance(event, ImageMessage)
    assert (event.media_id, event.metadata) == ("77", METADATA)
    status = _item({"id": "wamid.1", "status": "sent"}, kind="status", type="sent")
    assert isinstance(build_event(decode_entry(encode_entry(EventEntry(status, "r", 1))), 1), StatusUpdate)
    unknown = _item([1], kind="unknown", type="unknown", reason="nothing in it")
    event = build_event(decode_entry(encode_entry(EventEntry(unknown, "r", 1))), 1)
    assert isinstance(event, UnknownEvent)
    assert (event.reason, event.raw) == ("nothing in it", [1])
