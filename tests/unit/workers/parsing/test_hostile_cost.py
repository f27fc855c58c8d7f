"""What three megabytes that were made to cost much do cost, beside three megabytes as a campaign sends them.

In processor time, and measured in turns with the others: a machine that is busy makes both slower.
"""

import gc
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from shared.wire.lenient_json import MAX_PARTS
from shared.wire.receipt import ReceiptWriter
from workers.devtools import samples
from workers.lanes import Completed, TakenEntry, TakeTimings
from workers.parsing import split_webhook, to_event
from workers.runtime.steps.classify import ClassifyStep

pytestmark = pytest.mark.cost

_SIZE = 3 * 1024 * 1024
_HALF = b'"\\ud83d"'  # leaves it to the standard library, which is slower
#: Units that are many values each, and how many.
_UNITS = {
    "empty lists": (b"[],", 2),
    "lists in lists": (b"[" * 190 + b"]" * 190 + b",", 191),
    "objects in objects": (b'{"":' * 190 + b"1" + b"}" * 190 + b",", 191),
    "objects": (b'{"":{}},', 3),
    "numbers": (b"0,", 1),
    "huge numbers": (b"1e999,", 1),
    "texts": (b'"ab",', 1),
}


def _made(unit: bytes, parts: int, last: bytes) -> bytes:
    """As many values as are taken, and text up to the size."""
    values = b"[" + unit * ((MAX_PARTS - 10) // parts) + last
    return values + b',"' + b"x" * (_SIZE - len(values) - 4) + b'"]'


_BODIES = {
    **{name: _made(unit, parts, b"1") for name, (unit, parts) in _UNITS.items()},
    **{f"{name}, by the slower parser": _made(unit, parts, _HALF) for name, (unit, parts) in _UNITS.items()},
    "names": b"{" + b",".join(b'"%x":0' % number for number in range(MAX_PARTS - 1)) + b"}",
    "integers of 3,999 digits": b"[" + b",".join([b"7" * 3999] * (_SIZE // 4000)) + b"]",
    "a number of three million digits": b"[0." + b"7" * (_SIZE - 4) + b"]",
    "an integer of three million digits": b"[" + b"7" * (_SIZE - 2) + b"]",
    "escapes": b'["' + b"\\ud83d" * ((_SIZE - 4) // 6) + b'"]',
    "halves of characters": b'["' + b"\xed\xa0\xbd" * 99_000 + b"x" * 2_800_000 + b'"]',
    "commas in a text": b'["' + b"," * (_SIZE - 4) + b'"]',
    "the same name": b'{"":0' + b',"":0' * (MAX_PARTS - 10) + b"}",
}


_STATUS = samples.load("delivered")
#: Takes about 0.03 s.
_REAL = b'{"statuses":[%b]}' % b",".join([orjson.dumps(orjson.loads(_STATUS))] * (_SIZE // len(_STATUS)))


@pytest.fixture(autouse=True, scope="module")
def _as_in_a_small_process() -> Iterator[None]:
    """Hide what the tests' process holds from the garbage collector: the ingress holds little."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _costs_less_than(times: int, body: bytes) -> bool:
    """Return whether reading the body takes less than `times` the CPU time of a real one. Best of up to five tries."""
    costs, real = math.inf, math.inf
    for _ in range(5):
        costs, real = min(costs, _seconds(body)), min(real, _seconds(_REAL))
        if costs < times * real:
            return True
    return False


def _seconds(body: bytes) -> float:
    began = time.process_time()
    with suppress(InvalidJSON):
        lenient_json.validate(body)
    return time.process_time() - began


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES)
def test_no_body_that_is_taken_costs_the_others_half_a_second(body: bytes) -> None:
    lenient_json.validate(body)
    assert _costs_less_than(16, body)


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES)
def test_each_of_them_is_classified(body: bytes) -> None:
    [(_, verdict)] = ClassifyStep({}, None).run(
        [TakenEntry(b"1-0", ReceiptWriter().pack(body, 1)[1], 0)], lambda: False, TakeTimings()
    )
    assert isinstance(verdict, Completed)
    assert verdict.follow_ups


@pytest.mark.parametrize("unit", [unit for unit, _ in _UNITS.values()])
def test_what_costs_more_is_refused_at_once(unit: bytes) -> None:
    body = b"[" + unit * ((_SIZE - 3) // len(unit)) + b"0]"
    with pytest.raises(InvalidJSON):
        lenient_json.validate(body)
    assert _costs_less_than(3, body)


def test_a_text_that_holds_json_of_a_million_values_stays_a_text() -> None:
    # The answers to a form come as a text, and are read when a handler gets them.
    answers = "[" + "[]," * 1_000_000 + "0]"
    reply = {"type": "nfm_reply", "nfm_reply": {"response_json": answers}}
    [item] = split_webhook({"messages": {"id": "wamid.1", "type": "interactive", "interactive": reply}})

    found = to_event(item, received_at=datetime(2026, 1, 1, tzinfo=UTC), receipt="c0ffee")
    assert found.response == answers  # type: ignore[attr-defined]
