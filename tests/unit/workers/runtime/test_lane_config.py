"""How lanes are run follows from the handlers: no drain outlives its lease, and messages come before statuses."""

import pytest

from workers.handlers import handler
from workers.handlers.registry import Registry
from workers.runtime.lane_config import LaneConfig, lane_configs, queues_by_priority


def greet(event: object) -> None: ...


@pytest.fixture
def lanes(handlers: Registry) -> dict[str, LaneConfig]:
    handler("text", "sent")(greet)
    handler("failed", name="slow", timeout=3600)(greet)
    handler("image", name="quick", timeout=0.1, queue="pictures")(greet)
    handler("read", name="store", batch=True, timeout=60)(greet)
    return lane_configs(handlers, media=True)


def test_every_handler_and_every_stage_before_it_has_a_lane(lanes: dict[str, LaneConfig]) -> None:
    assert list(lanes) == [
        "intake",
        "intake.statuses",
        "intake.large",
        "media",
        "text.greet",
        "sent.greet",
        "failed.slow",
        "image.quick",
        "read.store",
    ]
    assert all(lane.spec.name == name for name, lane in lanes.items())


def test_without_a_media_api_there_is_no_lane_for_it(handlers: Registry) -> None:
    assert list(lane_configs(handlers, media=False)) == ["intake", "intake.statuses", "intake.large"]


def test_a_lease_outlasts_the_hard_limit_and_that_the_longest_drain(
    lanes: dict[str, LaneConfig], handlers: Registry
) -> None:
    for name, lane in lanes.items():
        timeout = handlers.handlers[name].timeout if name in handlers.handlers else 30
        assert lane.budget + timeout + 5 < lane.hard_limit, name
        assert lane.hard_limit + 5 <= lane.spec.lease_ms / 1000, name


def test_statuses_are_drained_for_a_shorter_while_than_messages(lanes: dict[str, LaneConfig]) -> None:
    assert lanes["sent.greet"].budget < lanes["text.greet"].budget
    assert lanes["intake.statuses"].budget < lanes["text.greet"].budget


def test_each_lane_is_woken_through_the_queue_of_its_family(lanes: dict[str, LaneConfig]) -> None:
    assert {name: lane.spec.queue for name, lane in lanes.items()} == {
        "intake": "intake",
        "intake.statuses": "statuses",  # classifying a campaign must not keep a message waiting either
        "intake.large": "intake",
        "media": "media",
        "text.greet": "messages",
        "sent.greet": "statuses",
        "failed.slow": "statuses",
        "image.quick": "pictures",
        "read.store": "statuses",
    }


def test_the_queues_are_in_the_order_of_their_priority(lanes: dict[str, LaneConfig]) -> None:
    assert queues_by_priority(lanes) == ["intake", "messages", "media", "pictures", "statuses"]


def test_all_families_have_their_queue_even_without_a_handler(handlers: Registry) -> None:
    assert queues_by_priority(lane_configs(handlers, media=False)) == ["intake", "messages", "media", "statuses"]


def test_a_batch_handler_gets_larger_batches_for_fewer_wakeups(lanes: dict[str, LaneConfig]) -> None:
    single, batch = lanes["text.greet"], lanes["read.store"]
    assert batch.batch > single.batch
    assert batch.spec.entries_per_wakeup > single.spec.entries_per_wakeup


def test_every_lane_can_be_woken(lanes: dict[str, LaneConfig]) -> None:
    for lane in lanes.values():
        assert 1 <= lane.spec.entries_per_wakeup <= lane.batch
        assert lane.spec.max_wakeups >= 1
