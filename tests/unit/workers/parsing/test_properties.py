"""What holds for any JSON value whatever: nothing raises, nothing vanishes, identity is stable."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.wire.lenient_json import dumps, loads
from tests.support.examples import examples
from tests.support.json_values import objects, scalars, values
from workers.devtools import samples
from workers.events import MEDIA_TYPES, TYPES
from workers.parsing import RawEvent, split_webhook, to_event

bounded = settings(max_examples=examples(150), derandomize=True, suppress_health_check=list(HealthCheck))

RECEIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
texts = {name: samples.load(name) for name in samples.names()}


def assert_sound(document: Any) -> list[RawEvent]:
    items = split_webhook(document)
    assert items
    for item in items:
        assert item.type in TYPES
        assert item.kind in {"message", "status", "unknown"}
        assert 0 < len(item.key.encode()) <= 256
        assert item.media_id is None or item.type in MEDIA_TYPES
        assert (item.reason is None) == (item.type != "unknown")
        found = to_event(item, received_at=RECEIVED, receipt="c0ffee")
        assert (found.key, found.kind, found.type) == (item.key, item.kind, item.type)
        assert found.raw is item.body
        assert found.occurred_at.tzinfo is UTC
    return items


def reordered(value: Any) -> Any:
    """The same JSON value, the names of its objects in another order."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(part) for part in value] if isinstance(value, list) else value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values below one."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for name in names for found in [(*path, name), *places(value[name], (*path, name))]]


@bounded
@given(values)
def test_any_json_value_is_split_and_typed(document: Any) -> None:
    assert_sound(document)


@bounded
@given(st.lists(values | objects, max_size=5), st.lists(values | objects, max_size=5), st.none() | scalars)
def test_every_entry_is_exactly_one_item(messages: list[Any], statuses: list[Any], delivery: Any) -> None:
    messages, statuses = (
        [[entry] if entry == {"id": delivery} else entry for entry in part] for part in (messages, statuses)
    )
    items = assert_sound({"messages": messages, "statuses": [*statuses, {"id": delivery}], "id": delivery})
    bodies = [item.body for item in items]
    if messages or statuses:
        assert len(bodies) == len(messages) + len(statuses)
        assert all(body is entry for body, entry in zip(bodies, messages + statuses, strict=True))


@bounded
@given(st.lists(objects, min_size=1, max_size=4), values)
def test_every_entry_of_metas_envelope_is_exactly_one_item(messages: list[Any], contacts: Any) -> None:
    value = {"messages": messages, "statuses": messages, "contacts": contacts}
    bodies = [item.body for item in assert_sound({"entry": [{"changes": [{"field": "messages", "value": value}]}]})]
    assert all(body is entry for body, entry in zip(bodies, messages * 2, strict=True))


@bounded
@given(values)
def test_keys_depend_on_the_content_and_nothing_else(document: Any) -> None:
    keys = [item.key for item in split_webhook(document)]
    assert [item.key for item in split_webhook(copy.deepcopy(document))] == keys
    assert [item.key for item in split_webhook(reordered(document))] == keys


@bounded
@given(st.sampled_from(sorted(texts)), st.data())
def test_a_mutated_sample_is_split_and_typed(name: str, data: st.DataObject) -> None:
    document = loads(texts[name])
    *parents, last = data.draw(st.sampled_from(places(document)))
    place = document
    for step in parents:
        place = place[step]
    if data.draw(st.booleans()):
        place[last] = data.draw(values)
    else:
        del place[last]
    assert_sound(document)


@bounded
@given(st.sampled_from(sorted(texts)), values)
def test_a_sample_survives_its_way_through_the_parser(name: str, extra: Any) -> None:
    document = {**loads(texts[name]), "extra": extra}
    keys = [item.key for item in split_webhook(document)]
    assert [item.key for item in split_webhook(loads(dumps(document)))] == keys


@pytest.mark.parametrize("depth", [300, 900, 5000])
@pytest.mark.parametrize("shape", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_deep_nesting_is_no_matter_wherever_it_is(depth: int, shape: Any) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = shape(deep)
    for document in (
        deep,
        {"messages": deep, "id": deep},
        {"messages": [{"id": deep, "type": deep, "from": deep, "text": deep}]},
        {"statuses": [{"id": deep}, {"id": deep}], "id": deep},
        {"statuses": [{"id": deep, "status": "sent", "pricing": deep, "errors": deep}], "contacts": deep},
        {"entry": [{"changes": deep}, deep]},
    ):
        assert [item.key for item in assert_sound(document)] == [item.key for item in split_webhook(document)]


@pytest.mark.parametrize("huge", [10**30, 10**4999], ids=["31 digits", "5000 digits"])
def test_huge_integers_are_no_matter(huge: int) -> None:
    body = {"id": huge, "type": "text", "from": huge, "timestamp": huge, "errors": [{"code": huge}]}
    assert_sound(
        {"messages": [body, huge], "statuses": [{**body, "status": huge}], "id": huge, "contacts": [{"wa_id": huge}]}
    )


def key(**message: Any) -> str:
    (item,) = split_webhook({"messages": {"type": "text", **message}})
    return item.key


def test_the_key_of_a_message_is_its_wamid() -> None:
    assert key(id="wamid.A", **{"from": "1"}) == key(id="wamid.A", **{"from": "2"}) == "m:text:wamid.A"


def test_an_id_that_is_no_wamid_is_unique_to_its_customer_only() -> None:
    assert key(id="41", **{"from": "+91 98"}) == "m:text:41@9198"
    assert key(id="41") == "m:text:41@"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"id": "\ud83d"}, {"id": "\ud83e"}),
        ({"id": "\ud83d"}, {"id": "\\ud83d"}),
        ({"id": "wamid." + "A" * 999}, {"id": "wamid." + "A" * 1000}),
        ({"id": "a@b", "from": "c"}, {"id": "a", "from": "b@c"}),
        ({"id": "a\0"}, {"id": "a"}),
        ({}, {"timestamp": 1}),
        ({"text": {"body": "\ud83d"}}, {"text": {"body": "\\ud83d"}}),
        ({"text": [1, [2]]}, {"text": [[1], 2]}),
        ({"text": 10**30}, {"text": 10**30 + 1}),
    ],
)
def test_different_messages_have_different_keys(one: Any, other: Any) -> None:
    assert key(**one) != key(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "sent", "1"), ("a", "read", "1")),
        (("a", "sent", "1"), ("a", "sent", "2")),
        (("a:sent", "x", "1"), ("a", "sent:x", "1")),
        (("a", "sent:x", "1"), ("a", "sent", "x:1")),
    ],
)
def test_different_statuses_have_different_keys(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    bodies = [dict(zip(("id", "status", "recipient_id"), parts, strict=True)) for parts in (one, other)]
    first, second = split_webhook({"statuses": bodies})
    assert first.key != second.key


def test_what_has_no_id_is_distinguished_by_its_delivery() -> None:
    first, again, other = (split_webhook({"messages": {"type": "text"}, "id": name})[0].key for name in ("a", "a", "b"))
    assert first == again != other


def test_a_revocation_with_the_id_of_its_message_is_an_event_of_its_own() -> None:
    assert key(id="wamid.A") != key(id="wamid.A", type="revoke")
