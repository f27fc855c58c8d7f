"""Every kind of answer means one of three things: the metadata, never, or later."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workers.events import MediaMetadata
from workers.media.response import MediaResponse, interpret_response
from workers.media.results import Fetched, LookupResult, Permanent, Transient, count_results, http_status

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
URL = "https://lookaside.example/whatsapp/?mid=1&ext=2"


def answer(status: int, value: Any = None, body: bytes | None = None, **headers: str) -> LookupResult:
    body = json.dumps(value).encode() if body is None else body
    return interpret_response("77", MediaResponse(status, headers, body), NOW)


def found(value: dict[str, Any]) -> MediaMetadata:
    result = answer(200, value)
    assert isinstance(result, Fetched)
    return result.metadata


def test_omnis_answer_is_metadata() -> None:
    assert found({"url": URL, "mime_type": "image/jpeg"}) == MediaMetadata(
        id="77", url=URL, mime_type="image/jpeg", fetched_at=NOW
    )


def test_metas_answer_is_metadata() -> None:
    value = {"url": URL, "mime_type": "video/mp4", "sha256": "ab12", "file_size": 5120, "id": "77", "x": [1]}

    assert found(value) == MediaMetadata(
        id="77", url=URL, mime_type="video/mp4", sha256="ab12", file_size=5120, fetched_at=NOW
    )


def test_what_a_database_cannot_hold_is_taken_out_of_words() -> None:
    metadata = found({"url": URL, "mime_type": "image/\x00jpeg\ud83d", "sha256": ["not", "text"]})

    assert (metadata.mime_type, metadata.sha256) == ("image/ jpeg", None)


@pytest.mark.parametrize(
    "url", [None, "", 7, "javascript:alert(1)", "file:///etc/passwd", "https://", "/x", "https://a\nb"]
)
def test_an_answer_without_a_web_address_is_final(url: Any) -> None:
    assert answer(200, {"url": url, "mime_type": "a/b"}) == Permanent("200 OK: the response has no url")


@pytest.mark.parametrize(
    ("status", "value", "reason"),
    [
        (
            400,
            {"error": {"message": "Unsupported get request", "code": 100}},
            "400 Bad Request: Unsupported get request",
        ),
        (401, {"message": "Invalid api_key"}, "401 Unauthorized: Invalid api_key"),
        (403, {"error": "blocked"}, "403 Forbidden: blocked"),
        (404, None, "404 Not Found"),
        (404, ["x"], "404 Not Found"),
        (410, {}, "410 Gone"),
        (409, {"error": {"code": 1}}, "409 Conflict"),
        (499, {}, "499"),
        (200, {"error": {"message": "expired"}}, "200 OK: expired"),
        (200, [], "200 OK: the response is not a JSON object"),
        (200, None, "200 OK: the response is not a JSON object"),
        (204, {}, "204 No Content: the response has no url"),
    ],
)
def test_a_refusal_is_final_with_its_reason(status: int, value: Any, reason: str) -> None:
    assert answer(status, value) == Permanent(reason)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_final_even_with_metadata(status: int) -> None:
    result = answer(status, {"url": URL}, location="https://evil.example/")

    assert isinstance(result, Permanent)
    assert "not followed" in result.reason


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529, 599])
def test_what_passes_is_tried_later(status: int) -> None:
    assert isinstance(answer(status, {"url": URL}), Transient)


@pytest.mark.parametrize(
    "error", [{"code": 4}, {"code": "80007"}, {"code": 130429}, {"code": 2}, {"is_transient": True}]
)
@pytest.mark.parametrize("status", [200, 400, 403])
def test_metas_rate_limits_pass_whatever_their_status(status: int, error: dict[str, Any]) -> None:
    assert isinstance(answer(status, {"error": error}), Transient)


def test_a_passing_error_keeps_what_the_api_asked_for() -> None:
    result = interpret_response("77", MediaResponse(429, {"retry-after": "7"}, b'{"message": "slow down"}'), NOW)

    assert result == Transient("429 Too Many Requests: slow down", 7.0)


@pytest.mark.parametrize("padding", range(150, 200, 7))
def test_no_part_of_a_credential_comes_back_in_a_reason(padding: int) -> None:
    body = json.dumps({"message": "x" * padding + "TOKEN-0123456789"}).encode()

    result = interpret_response(
        "77", MediaResponse(400, {}, body), NOW, ("Bearer TOKEN-0123456789", "TOKEN-0123456789")
    )

    assert isinstance(result, Permanent)
    assert "TOK" not in result.reason
    assert len(result.reason) <= 200


def test_the_tally_counts_whatever_was_asked_and_not_found_as_failed() -> None:
    ended: list[LookupResult] = [
        Fetched(MediaMetadata()),
        Permanent("404 Not Found"),
        Transient("500"),
        Permanent("the media id is empty", was_asked=False),
        Transient("not reached in time", was_asked=False),
    ]

    assert count_results(ended) == (1, 2, 2)


@pytest.mark.parametrize(
    ("answer", "reported"),
    [
        (Fetched(MediaMetadata(id="1")), "200"),
        (Permanent("401 Unauthorized: expired"), "401"),
        (Transient("503"), "503"),
        (Permanent("200 OK: the response has no url"), "200"),
        (Transient("no answer within 5 s"), "none"),
        (Transient("the connection failed: 127"), "none"),
        (Permanent("1234 is not a media id", was_asked=False), "none"),
    ],
)
def test_an_answer_tells_its_status(answer: LookupResult, reported: str) -> None:
    assert http_status(answer) == reported
