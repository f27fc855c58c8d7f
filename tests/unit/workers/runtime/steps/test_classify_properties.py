"""Whatever the ingress takes, classification makes events of: it never raises, drops nothing and buries nothing."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from shared.wire.receipt import ReceiptWriter
from tests.programs.hostile.bodies import body as hostile_body
from tests.support.examples import examples
from tests.support.json_values import objects, values
from workers.devtools import samples
from workers.events import MEDIA_TYPES, TYPES
from workers.lanes import Completed, DeadLettered, TakenEntry, TakeTimings
from workers.runtime.event_entry import build_event, decode_entry
from workers.runtime.steps.classify import ClassifyStep, split_body

_LANES = {kind: (f"{kind}.greet", f"{kind}.store") for kind in TYPES}
_RECEIPTS = ReceiptWriter()
_PAGES = Path(__file__).parents[4] / "support" / "payloads"
_SAMPLES = [
    *[samples.load(name) for name in samples.names()],
    *[file.read_bytes() for file in sorted(_PAGES.iterdir())],
]
bounded = settings(max_examples=examples(200), suppress_health_check=list(HealthCheck))


def is_taken(body: bytes) -> bool:
    """Whether the ingress answers 200 to such a body."""
    try:
        lenient_json.validate(body)
    except InvalidJSON:
        return False
    return True


def assert_classified(*bodies: bytes) -> None:
    """Each that the ingress takes leads to all of its events, each whole; any other leads to some verdict."""
    taken = [
        TakenEntry(b"%d-0" % number, _RECEIPTS.pack(body, 1_777_600_000_000)[1]) for number, body in enumerate(bodies)
    ]
    verdicts = ClassifyStep(_LANES, "media").run(taken, lambda: False, TakeTimings())
    assert [identity for identity, _ in verdicts] == [entry.id for entry in taken]
    for body, (_, verdict) in zip(bodies, verdicts, strict=True):
        if isinstance(verdict, DeadLettered):
            assert not is_taken(body), verdict
            continue
        assert isinstance(verdict, Completed)
        items = split_body(body)
        assert len(verdict.follow_ups) == len(items) > 0
        for item, (key, data, lanes) in zip(items, verdict.follow_ups, strict=True):
            found = build_event(decode_entry(data), 1)
            assert (found.key, found.type) == (item.key, item.type)
            assert lenient_json.dumps(found.raw) == lenient_json.dumps(item.body)
            assert len(key) == 16
            assert lanes == (("media",) if item.media_id and item.type in MEDIA_TYPES else _LANES[item.type])


@bounded
@given(st.lists(values | objects, min_size=1, max_size=4))
def test_any_json_value(documents: list[Any]) -> None:
    assert_classified(*map(lenient_json.dumps, documents))


@bounded
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4))
def test_any_bytes(bodies: list[bytes]) -> None:
    assert_classified(*bodies)


@bounded
@given(st.sampled_from(_SAMPLES), st.data())
def test_real_payloads_with_bytes_changed(sample: bytes, data: st.DataObject) -> None:
    changed = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        piece = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b"\\ud83d", b"null", b"1e999", b"[", b"}", b"\xff"])
        )
        changed[place : place + data.draw(st.integers(0, 8))] = piece
    assert_classified(bytes(changed), sample)


@pytest.mark.parametrize("seed", range(4))
def test_the_bodies_of_the_hostile_suite(seed: int) -> None:
    assert_classified(*[hostile_body(random.Random(f"{seed}.{number}")) for number in range(250)])
