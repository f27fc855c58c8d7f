"""Which lane a webhook waits in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lanes.intake import lane_of
from tests.support.ingress.application import Application
from workers.devtools import samples

_STATUS = {"id": "wamid.1", "status": "sent"}
_MESSAGE = {"id": "wamid.2", "type": "text"}
_OF_STATUSES = {"delivered", "failed", "meta-status", "played", "read", "referral_conversion", "sent"}


def _meta(*values: Any) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"value": v} for v in values]}]}


@pytest.mark.parametrize(
    ("document", "lane"),
    [
        ({"messages": _MESSAGE, "id": "1"}, "intake"),
        ({"messages": [_MESSAGE]}, "intake"),
        ({"statuses": [_STATUS, {"id": "1"}], "id": "1"}, "intake.statuses"),
        ({"statuses": _STATUS}, "intake.statuses"),
        ({"statuses": [_STATUS], "messages": None}, "intake.statuses"),
        ({"statuses": [_STATUS], "messages": []}, "intake.statuses"),
        ({"statuses": [_STATUS], "messages": {}}, "intake.statuses"),
        ({"statuses": [_STATUS], "messages": _MESSAGE}, "intake"),
        ({"statuses": [_STATUS], "messages": "odd"}, "intake"),
        ({"statuses": [_STATUS], "contacts": [{"wa_id": "1"}]}, "intake.statuses"),
        (_meta({"statuses": [_STATUS]}), "intake.statuses"),
        (_meta({"statuses": [_STATUS]}, {"statuses": [_STATUS], "messages": []}), "intake.statuses"),
        (_meta({"messages": [_MESSAGE]}), "intake"),
        (_meta({"statuses": [_STATUS]}, {"messages": [_MESSAGE]}), "intake"),
        (_meta({"statuses": [_STATUS], "messages": [_MESSAGE]}), "intake"),
        (_meta({"statuses": [_STATUS]}, {"event": "APPROVED"}), "intake"),
        (_meta({"statuses": [_STATUS]}, None), "intake"),
        (_meta(), "intake"),
        ({"entry": []}, "intake"),
        ({"entry": None, "statuses": [_STATUS]}, "intake"),
        ({"entry": [{"changes": [{"value": {"statuses": []}}]}, None]}, "intake"),
        ({"entry": {"changes": []}}, "intake"),
        ({"type": "account_settings_update"}, "intake"),
        ({}, "intake"),
        ([{"statuses": [_STATUS]}], "intake"),
        (None, "intake"),
        ("statuses", "intake"),
        (7, "intake"),
    ],
)
def test_only_what_holds_statuses_and_nothing_else_waits_with_the_statuses(document: Any, lane: str) -> None:
    assert lane_of(document, 500) == lane


@pytest.mark.parametrize(("size", "lane"), [(32 * 1024, "intake.statuses"), (32 * 1024 + 1, "intake.large")])
def test_what_is_over_32_kib_waits_with_the_large(size: int, lane: str) -> None:
    assert lane_of({"statuses": [_STATUS]}, size) == lane


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
_NAMES = st.sampled_from(["entry", "changes", "value", "statuses", "messages"])
_DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=12
)


@given(document=_DOCUMENTS)
def test_any_value_has_a_lane_and_a_message_never_waits_with_the_statuses(document: Any) -> None:
    lane = lane_of(document, 1)

    assert lane in {"intake", "intake.statuses"}
    # Looked for only where messages stand: at the root, or in the values of the entries.
    if lane == "intake.statuses":
        assert isinstance(document, dict)
        places = (
            [document]
            if "entry" not in document
            else [change["value"] for entry in document["entry"] for change in entry["changes"]]
        )
        assert not any(place.get("messages") for place in places)
        assert all("statuses" in place for place in places)


@pytest.mark.anyio
@pytest.mark.parametrize("name", samples.names())
async def test_every_sample_waits_in_its_lane(name: str) -> None:
    ingress = Application()
    await ingress.post(samples.load(name))

    lane, _ = await ingress.one()
    assert lane == ("intake.statuses" if name in _OF_STATUSES else "intake")


@pytest.mark.anyio
@pytest.mark.parametrize(("size", "lane"), [(32 * 1024, "intake"), (32 * 1024 + 1, "intake.large")])
async def test_the_size_that_counts_is_the_body_s(size: int, lane: str) -> None:
    ingress = Application()
    body = json.dumps({"messages": ""}).encode()
    await ingress.post(body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"'))

    found, receipt = await ingress.one()
    assert (found, len(receipt.body)) == (lane, size)
