"""Each sample of the provider's page goes in, and its rows come out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Stack
from tests.system.rows import post, rows, wait_for_row

_PAGE = Path(__file__).parents[1] / "support" / "payloads"
#: Within a second, says the README, where the machine has nothing else to do; and the first event of a process also
#: makes connections and tables.
_SECONDS = 30.0


def sample(name: str, wamid: str) -> tuple[bytes, dict[str, Any]]:
    """A sample of the page with an id of its own: the page's are all alike."""
    document = json.loads((_PAGE / f"page-{name}.json").read_bytes())
    part: dict[str, Any] = document["statuses"][0] if "statuses" in document else document["messages"]
    part["id"] = wamid
    return json.dumps(document).encode(), part


@pytest.mark.parametrize("kind", ["text", "image", "video", "audio", "document", "location", "contacts"])
def test_a_message_of_the_page_becomes_rows(sluice: Stack, kind: str) -> None:
    wamid = f"wamid.page-{kind}"
    body, message = sample(kind, wamid)
    assert post(sluice, body).status_code == 200

    event = wait_for_row(sluice, "events", _SECONDS, wamid=wamid)
    assert (event["kind"], event["type"], event["customer"]) == ("message", kind, "PHONE_NUMBER")
    assert json.loads(event["payload"]) == message
    row = wait_for_row(sluice, "messages", 1, wamid=wamid)
    assert (row["type"], row["customer"]) == (kind, "PHONE_NUMBER")
    assert wait_for_row(sluice, "customers", 1, id="PHONE_NUMBER")["name"] == "NAME"


def test_the_words_of_a_text_are_in_its_row(sluice: Stack) -> None:
    body, _ = sample("text", "wamid.words")
    post(sluice, body)
    assert wait_for_row(sluice, "messages", _SECONDS, wamid="wamid.words")["text"] == "MESSAGE_BODY"


def test_media_get_the_metadata_that_the_api_tells(sluice: Stack) -> None:
    body, message = sample("document", "wamid.media")
    renamed = body.replace(b'"id": "ID"', b'"id": "8821"')
    assert renamed != body
    post(sluice, renamed)
    assert wait_for_row(sluice, "messages", _SECONDS, wamid="wamid.media")["media_id"] == "8821"
    media = wait_for_row(sluice, "media", 1, id="8821")
    assert media["filename"] == message["document"]["filename"]
    assert media["url"].startswith("http")
    assert media["fetched_at"]
    assert media["error"] is None


def test_a_status_of_the_page_becomes_a_delivery(sluice: Stack) -> None:
    body, _ = sample("status-example", "wamid.status")
    assert post(sluice, body).status_code == 200
    row = wait_for_row(sluice, "deliveries", _SECONDS, wamid="wamid.status")
    assert (row["recipient"], row["status"], row["category"]) == ("91xxxxxxxxxx", "sent", "service")
    assert row["conversation_id"] == "bc45913f7e57a0053b634e14c368ae4b"
    assert row["billable"] in (True, 1)
    assert str(row["sent_at"]).startswith("2023-06-21 06:04:22")


def test_a_repetition_changes_nothing(sluice: Stack) -> None:
    body, _ = sample("text", "wamid.twice")
    for _ in range(3):
        assert post(sluice, body).status_code == 200
    wait_for_row(sluice, "events", _SECONDS, wamid="wamid.twice")
    last, _ = sample("text", "wamid.after-twice")  # the same lanes: once it is through, so is what came before
    post(sluice, last)
    wait_for_row(sluice, "events", _SECONDS, wamid="wamid.after-twice")
    assert len(rows(sluice, "events", wamid="wamid.twice")) == 1


def test_a_read_never_falls_back_to_delivered(sluice: Stack) -> None:
    body, _ = sample("status-example", "wamid.order")
    for word in (b"read", b"delivered", b"sent"):
        post(sluice, body.replace(b'"sent"', b'"%b"' % word))
        wait_for_row(sluice, "events", _SECONDS, wamid="wamid.order", type=word.decode())
    row = wait_for_row(sluice, "deliveries", 1, wamid="wamid.order")
    assert row["status"] == "read"
    assert row["sent_at"]
    assert row["delivered_at"]
    assert row["read_at"]


def test_a_bad_item_never_takes_its_neighbours_with_it(sluice: Stack) -> None:
    items: list[Any] = [
        None,
        7,
        {"id": "wamid.neighbour", "type": "text", "from": "919800000001", "text": {"body": "hi"}},
    ]
    assert post(sluice, json.dumps({"messages": items}).encode()).status_code == 200
    assert wait_for_row(sluice, "messages", _SECONDS, wamid="wamid.neighbour")["text"] == "hi"
    for payload in ("null", "7"):
        wait_for_row(sluice, "events", _SECONDS, kind="unknown", payload=payload)


def test_what_the_pages_broken_sample_is_answered(sluice: Stack) -> None:
    answer = post(sluice, b'{"contacts": [ { "profile": {"name": "NAME"} } ], "messages": { "contacts": [ {')
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "not_json"
