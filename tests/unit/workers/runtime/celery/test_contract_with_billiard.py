"""billiard's internals that broker.py changes are as they were when it was written."""

from importlib.metadata import version

import billiard.pool
import pytest

from tests.support.dependency_contract import Internal, broken

_STOP = "a process of the pool waits 1 s at its end, not 30 s (workers/runtime/celery/broker.py)"

INTERNALS = [
    Internal("billiard.pool:Worker._ensure_messages_consumed", _STOP, "bb71b375a5af"),
    Internal("billiard.pool:GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT", _STOP),
    Internal("billiard.pool:GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL", _STOP),
]


@pytest.mark.parametrize("internal", INTERNALS, ids=lambda internal: internal.name)
def test_an_internal_of_billiard_is_as_it_was(internal: Internal) -> None:
    assert broken(internal) == ""


def test_the_interval_is_the_one_that_the_limit_was_chosen_for() -> None:
    interval = billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL
    assert interval == 0.1, f"billiard waits {interval} s between its checks. Check that {_STOP}."


def test_a_broken_contract_says_what_moved_and_what_to_check() -> None:
    now = f"billiard {version('billiard')}: billiard.pool."
    assert broken(Internal("billiard.pool:Gone", "it stops")) == f"{now}Gone has moved or is gone. Check that it stops."
    changed = broken(INTERNALS[0]._replace(fingerprint="another", check="it stops"))
    assert changed.startswith(f"{now}Worker._ensure_messages_consumed has changed. Check that it stops; then set its")
