"""kombu's internals that the broker connection and the wake-ups rely on are as they were when these were written."""

import pytest
from kombu.transport.redis import Channel

from tests.support.dependency_contract import Internal, broken

_RETRY = "FixedIntervalConnection sets the interval of every retry (workers/runtime/celery/broker.py)"
_WAKEUP = "a wake-up from workers/lanes/wakeup_message.py is read like a message that kombu wrote"
_PREFETCH = "a busy worker takes no wake-up (worker_disable_prefetch in workers/runtime/celery/application.py)"
_LOOP = "WakeOnThreadIdleStep turns the event loop (workers/runtime/celery/bootsteps.py)"
_TIMER = "maintenance and the watchdog's ticks come every second (workers/runtime/celery/bootsteps.py)"

INTERNALS = [
    Internal("kombu.connection:Connection.ensure_connection", _RETRY, "664522c61fba"),
    Internal("kombu.connection:Connection._ensure_connection", _RETRY, "e1038998b67e"),
    Internal("kombu.transport.memory:Channel._get", _WAKEUP, "b94175051db9"),
    Internal("kombu.transport.memory:Channel._put", _WAKEUP, "29cb5e215164"),
    Internal("kombu.transport.redis:Channel._put", _WAKEUP, "8e34609f6511"),
    Internal("kombu.transport.redis:Channel._q_for_pri", _WAKEUP, "3e0cd6a6c5c5"),
    Internal("kombu.transport.virtual.base:Channel.prepare_message", _WAKEUP, "4f01c33c580e"),
    Internal("kombu.transport.virtual.base:Channel._inplace_augment_message", _WAKEUP, "c5cf7a439225"),
    Internal("kombu.transport.virtual.base:Message.__init__", _WAKEUP, "7318086afe2c"),
]
NAMES = [
    Internal("kombu.transport.virtual.base:QoS.can_consume", _PREFETCH),
    Internal("kombu.asynchronous.hub:Hub.call_soon", _LOOP),
    Internal("kombu.asynchronous.timer:Timer.call_repeatedly", _TIMER),
]
#: What broker_transport_options sets.
OPTIONS = {"ack_emulation", "global_keyprefix", "priority_steps", "queue_order_strategy", "visibility_timeout"}


@pytest.mark.parametrize("internal", [*INTERNALS, *NAMES], ids=lambda internal: internal.name)
def test_an_internal_of_kombu_is_as_it_was(internal: Internal) -> None:
    assert broken(internal) == ""


def test_the_redis_transport_knows_the_options_that_are_set() -> None:
    missing = OPTIONS - set(Channel.from_transport_options)
    check = "configuration() in workers/runtime/celery/application.py still has its effect"
    assert not missing, f"kombu's Redis transport no longer has the options {sorted(missing)}. Check that {check}."
