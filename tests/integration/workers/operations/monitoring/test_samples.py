"""Samples, their hour in Redis, and the charts of it."""

import msgspec
import pytest
import redis

from tests.integration.workers.operations.monitoring.test_problems import NOW, ingress, lane, seen
from tests.support.console.fixtures import add_dead_letter, entry
from workers.console.charts import HEIGHT, draw_chart, maximum, per_second
from workers.console.context import ConsoleContext
from workers.lanes import Completed, DeadLettered, Lanes
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.operations.monitoring.sample import Sample, make_sample
from workers.operations.monitoring.sample_history import SAMPLES_KEY, SampleHistory
from workers.operations.monitoring.snapshot import Snapshot, take_snapshot


def after(before: Snapshot, seconds: float, now: Snapshot) -> Snapshot:
    return now._replace(at_ms=before.at_ms + round(seconds * 1000))


def test_webhooks_taken_are_the_successful_responses_of_the_ingress() -> None:
    before, now = seen(responses={"200": 10, "400": 1}), seen(responses={"200": 25, "400": 1, "503": 2})
    made = make_sample(before, after(before, 2, now), [])
    assert (made.taken, made.responses, made.span) == (15, {"200": 15, "503": 2}, 2.0)


def test_without_reports_of_an_ingress_the_intake_lanes_are_counted() -> None:
    before = seen(lane("intake", waiting=3, counts={"done": 100}), ingresses=None)
    now = seen(lane("intake", waiting=1, in_flight=2, retries=1, counts={"done": 110, "dead": 1}), ingresses=None)
    assert make_sample(before, after(before, 1, now), []).taken == 12


def test_a_replayed_webhook_is_not_counted_again(lanes: Lanes) -> None:
    before = take_snapshot(lanes.client).webhooks_taken
    letter = add_dead_letter(lanes, "intake", b"x")
    assert take_snapshot(lanes.client).webhooks_taken == before + 1
    DeadLetterQueue(lanes.client).replay("intake", [letter.partition("/")[2]])
    assert take_snapshot(lanes.client).webhooks_taken == before + 1


def test_counters_that_restarted_make_no_negative_rates() -> None:
    before, now = seen(lane(counts={"done": 500, "retry": 9})), seen(lane(counts={"done": 4}))
    made = make_sample(before, after(before, 1, now), [])
    assert (made.handled, made.errors, made.taken) == (4, 0, 0)


def test_only_handlers_lanes_count_as_handled() -> None:
    before, now = (
        seen(),
        seen(lane("intake", counts={"done": 7}), lane("media", counts={"done": 5}), lane(counts={"done": 2})),
    )
    assert make_sample(before, after(before, 1, now), []).handled == 2


def test_a_new_console_knows_the_last_hour(client: redis.Redis) -> None:
    first, second = SampleHistory(client), SampleHistory(client)
    for n in range(3):
        first.add(Sample(at=NOW + n, span=2.0, taken=n))
    second.read()
    assert [found.taken for found in second.samples] == [0, 1, 2]
    assert [found.taken for found in second.since(NOW + 1)] == [1, 2]


def test_of_several_consoles_one_writes_and_all_show_the_same(client: redis.Redis) -> None:
    consoles = [SampleHistory(client), SampleHistory(client)]
    for n in range(3):
        for console in consoles:
            console.add(Sample(at=NOW + n, span=2.0))
    assert client.xlen(SAMPLES_KEY) == 3
    consoles[1].add(Sample(at=NOW + 9, span=2.0))
    assert list(consoles[0].samples) == list(consoles[1].samples)


def test_samples_continue_while_redis_is_full(client: redis.Redis) -> None:
    console = SampleHistory(client)
    client.config_set("maxmemory", 1)
    console.add(Sample(at=NOW, span=2.0, taken=5))
    assert [found.taken for found in console.samples] == [5]


def test_samples_of_another_version_are_skipped(client: redis.Redis) -> None:
    for written in (b"not json", b'{"at": "x"}', b'{"at": 1, "span": 2.0, "more": 3}'):
        client.xadd(SAMPLES_KEY, {"s": written})
    client.xadd(SAMPLES_KEY, {"t": b"{}"})
    console = SampleHistory(client)
    console.read()
    assert [found.at for found in console.samples] == [1]


def test_the_console_sees_new_dead_letters_as_new(lanes: Lanes, console: ConsoleContext) -> None:
    add_dead_letter(lanes, "text.greet", entry())
    console.sampler.refresh()
    console.sampler.refresh()
    assert [found.code for found in console.sampler.state.problems if found.code.startswith("dead")] == ["dead-old"]
    lanes.push("text.greet", [entry()])
    (taken,) = lanes.take("text.greet", "test", 1)
    lanes.settle("text.greet", [(taken.id, DeadLettered("rejected", "no"))])
    console.sampler.refresh()
    assert [found.code for found in console.sampler.state.problems if found.code.startswith("dead")] == ["dead"]


def test_a_lanes_rate_is_what_was_done_since_the_snapshot_before(lanes: Lanes, console: ConsoleContext) -> None:
    console.sampler.refresh()
    before = console.sampler.state.snapshot
    assert before is not None
    lanes.push("text.greet", [entry()] * 5)
    lanes.settle("text.greet", [(taken.id, Completed()) for taken in lanes.take("text.greet", "test", 5)])
    console.sampler.refresh()
    state = console.sampler.state
    assert state.snapshot is not None
    seconds = (state.snapshot.at_ms - before.at_ms) / 1000
    assert state.rates["text.greet"].done == pytest.approx(5 / seconds)


def test_after_a_failed_refresh_the_state_is_not_shown_as_current(lanes: Lanes, console: ConsoleContext) -> None:
    console.sampler.refresh()
    console.redis.set("sluice:answers", "no hash")
    console.sampler.refresh()
    assert "WRONGTYPE" in console.sampler.state.outage


def test_a_chart_starts_with_the_samples_and_has_gaps_without_them() -> None:
    times = [*range(0, 600, 2), *range(1200, 1800, 2)]
    samples = [Sample(at=NOW + second * 1000, span=2.0, taken=second % 7, lag=second) for second in times]
    drawn = draw_chart(samples, per_second("taken"), 3600)
    assert drawn.seconds == 1798
    assert drawn.line.count("M") == 2
    assert drawn.line.startswith("M0.0 ")
    assert draw_chart(samples, maximum("lag", 0.001), 3600).highest == pytest.approx(1.798)
    assert drawn.highest <= 3.5


def test_a_chart_of_nothing_is_flat_or_empty() -> None:
    assert draw_chart([], per_second("taken"), 3600).line == ""
    still = draw_chart([Sample(at=NOW, span=2.0), Sample(at=NOW + 2000, span=2.0)], per_second("taken"), 3600)
    assert f" {HEIGHT - 1}" in still.line
    assert draw_chart([Sample(at=NOW, span=2.0)], per_second("taken"), 3600).line.count("L") == 1


def test_a_sample_without_an_ingress_has_no_responses() -> None:
    assert make_sample(seen(ingresses=None), seen(ingresses=None)._replace(at_ms=NOW + 1), []).responses is None
    before = seen(ingresses=[ingress()])
    assert make_sample(before, before._replace(at_ms=NOW + 1), []).responses == {}


def test_a_sample_is_stored_under_the_names_that_other_versions_read() -> None:
    stored = msgspec.json.decode(msgspec.json.encode(Sample(at=1, span=2.0, responses={"200": 3}, problems={"aof": 4})))
    assert stored == {"at": 1, "span": 2.0, "answers": {"200": 3}, "troubles": {"aof": 4}}
