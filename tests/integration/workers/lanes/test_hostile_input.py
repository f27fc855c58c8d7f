"""A script that fails half-way is not rolled back, so no argument from Python may make it fail."""

import math
from collections.abc import Iterator

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.redis.connection import connect
from tests.support.examples import examples
from tests.support.lanes.looking import dead_letters, let_retries_wait, raw, retrying, spec, waiting
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Rescheduled
from workers.lanes.outcomes import MAX_RETRY_DELAY
from workers.lanes.status import lane_statuses

#: Any text, lone surrogates included: that is what an error may quote from an event.
TEXTS = st.text(st.characters(), max_size=40)


def _kept(text: str) -> str:
    """What of a text can be kept: half a character is spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.fixture(scope="module")
def hostile(redis_url: str) -> Iterator[Lanes]:
    """Lanes that stay from example to example."""
    with connect(redis_url) as client:
        yield Lanes(client)


def _taken(lanes: Lanes, data: bytes) -> bytes:
    lanes.client.flushall()
    lanes.register([spec("intake"), spec("text.a")])
    lanes.push("intake", [data])
    [entry] = lanes.take("intake", "a", 1)
    return entry.id


@settings(max_examples=examples(100))
@given(data=st.binary(max_size=40), error=TEXTS)
@example(data=b"", error="")
@example(data=b"\n", error='a "quoted"\nline\\')
@example(data=b'{"a":1}\n\x00\xff', error="\x00\x1f\x7f\u2028\ud800 \U0001f600 /")
def test_an_entry_and_its_error_survive_the_wait_for_the_next_attempt(hostile: Lanes, data: bytes, error: str) -> None:
    identity = _taken(hostile, data)
    hostile.settle("intake", [(identity, Rescheduled(5, error))])
    assert retrying(hostile.client, "intake") == [data]
    let_retries_wait(hostile.client, "intake", 5)
    assert hostile.run_maintenance(["intake"])["intake"].retries_moved == 1
    [(_, fields)] = raw(hostile.client, "sluice:lane:intake")
    assert fields.get(b"e", b"").decode() == _kept(error)
    [again] = hostile.take("intake", "a", 1)
    assert (again.data, again.attempts) == (data, 1)


@settings(max_examples=examples(50))
@given(data=st.binary(max_size=40), error=TEXTS, trace=TEXTS)
@example(data=b"", error="", trace="")
def test_a_dead_letter_keeps_any_data_and_any_text(hostile: Lanes, data: bytes, error: str, trace: str) -> None:
    hostile.settle("intake", [(_taken(hostile, data), DeadLettered("rejected", error, trace))])
    [letter] = dead_letters(hostile.client, "intake", 1)
    assert (letter.data, letter.error, letter.trace) == (data, _kept(error), _kept(trace))


@settings(max_examples=examples(50))
@given(key=st.binary(max_size=40), data=st.binary(max_size=40))
def test_a_follow_up_may_have_any_key_and_any_data(hostile: Lanes, key: bytes, data: bytes) -> None:
    following = FollowUp(key, data, ("text.a",))
    assert hostile.settle("intake", [(_taken(hostile, b"x"), Completed((following,)))])[:3] == (1, 1, 0)
    assert waiting(hostile.client, "text.a") == [data]


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (0.0, 0),
        (-5.0, 0),
        (math.nan, 0),
        (0.0004, 0),
        (1.5, 1.5),
        (3600, 3600),
        (MAX_RETRY_DELAY * 2, MAX_RETRY_DELAY),
        (1e308, MAX_RETRY_DELAY),
        (math.inf, MAX_RETRY_DELAY),
    ],
)
def test_a_delay_may_be_any_number(lanes: Lanes, client: redis.Redis, delay: float, seconds: float) -> None:
    identity = _taken(lanes, b"x")
    lanes.settle("intake", [(identity, Rescheduled(delay, "why"))])
    status = next(status for status in lane_statuses(client) if status.lane == "intake")
    assert status.next_retry_ms == pytest.approx(seconds * 1000, abs=1000)
    let_retries_wait(client, "intake", seconds + 2)
    assert lanes.run_maintenance(["intake"])["intake"].retries_moved == 1


def test_an_entry_of_megabytes_can_be_settled_with_every_outcome(lanes: Lanes, client: redis.Redis) -> None:
    data = bytes(range(256)) * 12_000
    identity = _taken(lanes, data)
    lanes.settle("intake", [(identity, Rescheduled(0, "x" * 500))])
    let_retries_wait(client, "intake", 1)
    lanes.run_maintenance(["intake"])
    [again] = lanes.take("intake", "a", 1)
    lanes.settle("intake", [(again.id, Completed((FollowUp(b"", again.data, ("text.a",)),)))])
    [there] = lanes.take("text.a", "a", 1)
    lanes.settle("text.a", [(there.id, DeadLettered("rejected", "x" * 500, "y" * 4000))])
    assert dead_letters(client, "text.a", 1)[0].data == data


def test_one_entry_may_have_tens_of_thousands_of_follow_ups(lanes: Lanes, client: redis.Redis) -> None:
    identity = _taken(lanes, b"x")
    following = tuple(FollowUp(b"%d" % number, b"e", ("text.a",)) for number in range(50_000))
    assert lanes.settle("intake", [(identity, Completed(following))])[:3] == (1, 50_000, 0)
    assert client.xlen("sluice:lane:text.a") == 50_000
