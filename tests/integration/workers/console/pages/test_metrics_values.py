"""The values of the metrics, from their sources."""

from pathlib import Path

import pytest
import redis

from ingress.process_stats import ProcessCounters
from tests.support.console.browsing import Visitor
from tests.support.console.fixtures import add_dead_letter, entry
from tests.support.console.scraping import publish_ingress_stats, scrape
from workers.console.context import ConsoleContext
from workers.lanes import Lanes
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.media import MediaResultCounter, Permanent, Transient
from workers.media.breaker import MEDIA_BREAKER_KEY, MediaBreakerPolicy, MediaCircuitBreaker

GREET = "text.greet"


def test_a_lane_has_its_gauges_and_counters(busy_system: None, operator: Visitor, console: ConsoleContext) -> None:
    console.sampler.refresh()
    reported = scrape(operator)
    of_lane = {name: value for (name, *labels), value in reported.samples.items() if labels == [GREET]}
    # Waiting: the webhook's own, a released one, and one taken over.
    assert (of_lane["sluice_lane_waiting"], of_lane["sluice_lane_in_flight"], of_lane["sluice_lane_suspects"]) == (
        3,
        0,
        1,
    )
    assert (of_lane["sluice_lane_retries_waiting"], of_lane["sluice_lane_dead_letters"]) == (1, 1)
    assert 0 < of_lane["sluice_lane_oldest_age_seconds"] < 60
    assert 0 < of_lane["sluice_lane_next_retry_seconds"] <= 60
    assert (of_lane["sluice_lane_paused"], of_lane["sluice_lane_breaker_open"]) == (0, 0)
    assert (of_lane["sluice_lane_entered_total"], of_lane["sluice_lane_orphaned_total"]) == (7, 1)
    assert {
        outcome: reported.value("sluice_lane_outcomes_total", lane=GREET, outcome=outcome)
        for outcome in ("done", "retry", "dead", "back")
    } == {"done": 2, "retry": 1, "dead": 1, "back": 1}
    assert reported.value("sluice_lane_events_total", lane="intake", result="added") == 1
    assert reported.value("sluice_lane_events_total", lane="intake", result="duplicate") == 1
    assert ("greet", GREET, "messages", "text") in reported.names("sluice_lane_info")
    assert ("", "intake", "intake", "") in reported.names("sluice_lane_info")


def test_histograms_are_cumulative_and_have_a_sum(busy_system: None, operator: Visitor) -> None:
    reported = scrape(operator)
    lag = {le: reported.value("sluice_event_lag_seconds_bucket", lane=GREET, le=le) for le in ("0.25", "0.5", "+Inf")}
    assert lag == {"0.25": 0, "0.5": 2, "+Inf": 2}
    assert reported.value("sluice_event_lag_seconds_sum", lane=GREET) == pytest.approx(0.6, abs=0.3)
    assert reported.value("sluice_handler_duration_seconds_count", lane=GREET) == 1
    assert reported.value("sluice_handler_duration_seconds_sum", lane=GREET) == 0.003
    assert reported.names("sluice_handler_duration_seconds_count") == {(GREET,), ("text.store",), ("sent.store",)}
    assert reported.value("sluice_push_duration_seconds_bucket", le="0.0025") == 1
    assert reported.value("sluice_push_group_size_sum") == 3


def test_counters_exist_before_anything_happened(lanes: Lanes, operator: Visitor) -> None:
    reported = scrape(operator)
    assert reported.value("sluice_lane_outcomes_total", lane=GREET, outcome="dead") == 0
    assert reported.value("sluice_webhook_answers_total", status="503") == 0
    assert reported.value("sluice_media_answers_total", status="401") == 0
    assert reported.value("sluice_workers", state="silent") == 0
    assert reported.value("sluice_queue_workers", queue="messages") == 0


def test_ingress_processes_are_separate_while_alive_and_their_counts_are_kept(
    lanes: Lanes, client: redis.Redis, redis_url: str, operator: Visitor, tmp_path: Path
) -> None:
    for answers in (2, 3):
        tally = ProcessCounters()
        tally.responses[200] += answers
        tally.push_seconds.record(0.002)
        publish_ingress_stats(redis_url, tmp_path / "spool", tally)
    reported = scrape(operator)
    assert reported.value("sluice_ingress_processes") == 2
    assert len(reported.names("sluice_ingress_process_answers_total")) == 2
    assert reported.total("sluice_ingress_process_answers_total") == 5
    assert reported.total("sluice_ingress_process_push_duration_seconds_count") == 2
    for key in client.scan_iter("sluice:ingress:*"):  # as after a long silence
        client.delete(key)
    reported = scrape(operator)
    assert reported.names("sluice_ingress_process_answers_total") == set()
    assert reported.value("sluice_webhook_answers_total", status="200") == 5
    assert reported.value("sluice_push_duration_seconds_count") == 2


def test_a_shared_spool_is_reported_once(lanes: Lanes, redis_url: str, operator: Visitor, tmp_path: Path) -> None:
    publish_ingress_stats(redis_url, tmp_path / "one", ProcessCounters())
    publish_ingress_stats(redis_url, tmp_path / "one", ProcessCounters())
    publish_ingress_stats(redis_url, tmp_path / "two", ProcessCounters())
    reported = scrape(operator)
    spools = {name.partition(":")[2] for (name,) in reported.names("sluice_spool_bytes")}
    assert spools == {str(tmp_path / "one"), str(tmp_path / "two")}
    assert reported.total("sluice_spool_limit_bytes") == 18_000_000
    assert reported.total("sluice_spool_refusing") == 0


def test_a_queue_without_workers_is_reported(busy_system: None, operator: Visitor) -> None:
    reported = scrape(operator)
    assert reported.value("sluice_queue_workers", queue="messages") == 1
    assert reported.value("sluice_queue_workers", queue="statuses") == 0  # the stalled one doesn't count
    assert reported.value("sluice_workers", state="listening") == reported.value("sluice_workers", state="deaf") == 1
    assert (reported.value("sluice_worker_slots"), reported.value("sluice_worker_slots_busy")) == (2, 1)


def test_a_rejected_media_credential_is_reported(lanes: Lanes, client: redis.Redis, operator: Visitor) -> None:
    refused = Permanent("401 Unauthorized: token expired")
    MediaResultCounter(client).add(
        [
            Permanent("404 Not Found"),
            refused,
            refused,
            Transient("no answer within 5 s"),
            Permanent("x", was_asked=False),
        ]
    )
    reported = scrape(operator)
    assert reported.value("sluice_media_answers_total", status="401") == 2
    assert reported.value("sluice_media_answers_total", status="404") == 1
    assert reported.value("sluice_media_answers_total", status="none") == 1
    assert reported.value("sluice_media_breaker_open") == 0
    breaker = MediaCircuitBreaker(client, MEDIA_BREAKER_KEY, MediaBreakerPolicy(failure_threshold=1, per_hour=None))
    breaker.allow(1)
    breaker.record(0, 1)
    assert scrape(operator).value("sluice_media_breaker_open") == 1


def test_redis_settings_that_matter_for_durability_are_reported(
    lanes: Lanes, client: redis.Redis, operator: Visitor
) -> None:
    reported = scrape(operator)
    assert (reported.value("sluice_redis_aof_last_write_ok"), reported.value("sluice_redis_noeviction")) == (1, 1)
    assert reported.value("sluice_redis_aof_enabled") == client.info("persistence")["aof_enabled"]
    assert reported.value("sluice_redis_appendfsync", policy="no") == 1
    assert reported.total("sluice_redis_appendfsync") == 1
    assert reported.value("sluice_redis_memory_used_bytes") > 100_000
    assert reported.value("sluice_redis_memory_limit_bytes") == 0


def test_counters_never_decrease_when_dead_letters_are_discarded_and_restored(lanes: Lanes, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, GREET, entry())
    operator.get("/dead")
    page = operator.follow(operator.submit("/dead/act", {"letter": letter, "action": "discard", "next": "/dead"}))
    undo = page.text.split('name="undo" value="')[1].split('"')[0]
    operator.submit("/dead/restore", {"undo": undo, "next": "/dead"})
    again = add_dead_letter(lanes, GREET, entry())
    DeadLetterQueue(lanes.client).replay(GREET, [again.partition("/")[2]])
    reported = scrape(operator)
    for action in ("discarded", "restored", "replayed"):
        assert reported.value("sluice_lane_dead_letter_actions_total", lane=GREET, action=action) == 1
