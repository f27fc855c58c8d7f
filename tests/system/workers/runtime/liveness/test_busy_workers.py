"""Real Celery workers that take no messages for a good reason: nobody takes them for stalled."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from shared.redis.connection import connect
from tests.support.ingress.processes import killable
from tests.support.runtime.celery_worker import did, post, settled
from tests.support.runtime.watched_worker import POOLS, health, states, watched
from tests.support.waiting import until
from workers.lanes import Lanes
from workers.runtime.liveness import worker_status

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

#: Seconds: longer than a worker may be deaf before it ends (see stalling_handlers).
_LONG = 7


def test_a_worker_that_has_nothing_to_do_is_well(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(watched(client, redis_url, tmp_path, pool, "-c", "1", name=pool)) for pool in POOLS]
        assert states(client, _LONG, *POOLS) == {worker_status.LISTENING}
        assert [worker.stop() for worker in idle] == [0, 0, 0]
        assert not any("takes no messages" in worker.output for worker in idle)
    assert worker_status.worker_statuses(client) == []
    assert client.keys("sluice:queue:*") == []  # neither Celery nor a pulse leaves anything behind


@pytest.mark.parametrize(("pool", "slots"), [("prefork", "1"), ("threads", "2"), ("solo", "1")])
def test_a_worker_whose_handler_takes_long_is_well(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path, pool: str, slots: str
) -> None:
    with watched(client, redis_url, tmp_path, pool, "-c", slots) as busy:
        post(lanes, f"slow {_LONG + 1}")
        until(lambda: "begun" in (tmp_path / "notes").read_text(), within=20)
        assert states(client, _LONG, "one") <= {worker_status.LISTENING, worker_status.FULL}
        until(lambda: len(did(tmp_path)) == 1 and settled(client), within=20)
        assert busy.process.poll() is None
        assert "takes no messages" not in busy.output
    assert (tmp_path / "notes").read_text().count("begun") == 1


@pytest.mark.parametrize("pool", POOLS)
def test_a_worker_that_is_busy_from_its_first_moment_on_is_well(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path, pool: str
) -> None:
    post(lanes, f"slow {_LONG + 3}")
    with watched(client, redis_url, tmp_path, pool, "-c", "1"):
        until(lambda: "begun" in (tmp_path / "notes").read_text(), within=20)
        assert health(redis_url).exit_code == 0
        assert did(tmp_path) == []  # the handler still runs


def test_a_redis_that_is_away_for_longer_than_a_worker_may_be_deaf_ends_none(tmp_path: Path) -> None:
    with killable(tmp_path) as server, connect(server.url) as client:
        lanes = Lanes(client)
        with watched(client, server.url, tmp_path, "prefork", "-c", "2") as patient:
            server.kill()
            away_until = time.monotonic() + _LONG
            until(lambda: time.monotonic() > away_until, within=_LONG + 5)
            server.start()
            post(lanes, "afterwards")
            until(lambda: did(tmp_path) == ["afterwards"])
            assert patient.stop() == 0
            assert "takes no messages" not in patient.output
            assert patient.output.count("Cannot connect to redis") == 1
