"""Every kind that `sluice send` knows becomes an event of its type."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support.stack import Stack
from tests.support.waiting import until
from tests.system.rows import rows, wait_for_row
from workers.cli.app import app

_TYPES = {
    **{kind: kind for kind in ("text", "image", "video", "audio", "voice", "document", "sticker", "location")},
    **{kind: kind for kind in ("contacts", "reaction", "button", "order", "system", "edit", "revoke", "ephemeral")},
    **{kind: kind for kind in ("request_welcome", "unsupported", "unknown", "sent", "delivered", "read", "failed")},
    **{kind: kind for kind in ("played", "referral_conversion")},
    "text-reply": "text",
    "interactive-button": "interactive",
    "interactive-list": "interactive",
    "interactive-flow": "interactive",
    "meta-message": "text",
    "meta-status": "sent",
}


def send(sluice: Stack, kind: str) -> Any:
    """Run `sluice send` in this process, which takes a hundredth of the time that a process of its own takes."""
    settings = {name: value for name, value in sluice.environment.items() if name.startswith("SLUICE_")}
    return json.loads(CliRunner().invoke(app, ["send", kind, "--json"], env=settings).stdout)


@pytest.mark.parametrize(("kind", "expected"), _TYPES.items())
def test_a_sample_becomes_an_event_of_its_type(sluice: Stack, kind: str, expected: str) -> None:
    sent = send(sluice, kind)
    assert sent["status"] == 200
    document = json.loads(sent["sent"])
    value = document["entry"][0]["changes"][0]["value"] if "entry" in document else document
    part = value.get("messages") or value.get("statuses")
    item = part[0] if isinstance(part, list) else part
    row = wait_for_row(sluice, "events", 30.0, wamid=item["id"])
    assert row["type"] == expected
    assert json.loads(row["payload"]) == item


def test_a_mixed_webhook_becomes_all_its_events(sluice: Stack) -> None:
    document = json.loads(send(sluice, "mixed")["sent"])
    for item in [*document["messages"], *(part for part in document["statuses"] if "status" in part)]:
        values = {"wamid": item["id"], "type": item.get("status") or item["type"]}
        wait_for_row(sluice, "events", 30.0, **values)


def test_status_tells_of_every_lane_and_nothing_is_left(sluice: Stack) -> None:
    document = json.loads(send(sluice, "text")["sent"])
    wait_for_row(sluice, "events", 30.0, wamid=document["messages"]["id"])
    # The row is written before its entry is settled.
    until(lambda: _handled(sluice.sluice("status"), "text.store"), within=30, every=0.2)
    status = sluice.sluice("status")
    lanes = {lane["lane"] for lane in status["lanes"]}
    assert {"intake", "intake.statuses", "intake.large", "media", "text.store", "sent.store"} <= lanes
    assert status["redis"]["appendonly"] is True
    assert status["redis"]["maxmemory_policy"] == "noeviction"
    assert sluice.sluice("dead", "list") == []
    assert rows(sluice, "events", kind="message")


def _handled(status: dict[str, Any], lane: str) -> int:
    """Return how many events of the lane were handled."""
    return next((found["counts"].get("done", 0) for found in status["lanes"] if found["lane"] == lane), 0)
