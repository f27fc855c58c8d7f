"""A body of any size, encoding or brokenness ends in an answer, and never takes more memory than it may."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime

import pytest

from workers.media.response import MAX_BODY_BYTES, MediaResponse, interpret_response
from workers.media.results import Fetched, LookupResult, Permanent

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
URL = "https://lookaside.example/whatsapp/?mid=1&ext=2"


def answer(body: bytes, encoding: str = "") -> LookupResult:
    return interpret_response("77", MediaResponse(200, {"content-encoding": encoding}, body), NOW)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b'{"url": NaN}', b"[" * 60_000])
def test_what_is_no_json_is_final(body: bytes) -> None:
    assert answer(body) == Permanent("200 OK: the response is not a JSON object")


def test_a_body_over_the_limit_is_no_metadata() -> None:
    whole = json.dumps({"url": URL, "x": "y" * MAX_BODY_BYTES}).encode()

    assert answer(whole[: MAX_BODY_BYTES + 1]) == Permanent(
        "200 OK: the response has over 64 KiB, so it is not metadata"
    )


def test_a_body_at_the_limit_is_read() -> None:
    padding = MAX_BODY_BYTES - len(json.dumps({"url": URL, "x": ""}))

    assert isinstance(answer(json.dumps({"url": URL, "x": "y" * padding}).encode()), Fetched)


def test_an_answer_compressed_unasked_is_read_all_the_same() -> None:
    packed = gzip.compress(json.dumps({"url": URL}).encode())

    assert isinstance(answer(packed, "gzip"), Fetched)


def test_a_compressed_answer_cannot_unfold_beyond_the_limit() -> None:
    bomb = gzip.compress(b'{"url": "' + b" " * 10_000_000)
    assert len(bomb) < MAX_BODY_BYTES

    tracemalloc.start()
    assert isinstance(answer(bomb, "gzip"), Permanent)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * MAX_BODY_BYTES


def test_a_broken_compression_is_final() -> None:
    assert isinstance(answer(b"\x1f\x8bno", "gzip"), Permanent)
