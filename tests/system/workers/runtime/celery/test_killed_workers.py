"""Real Celery workers that are killed, or whose Redis is full."""

import os
import signal
from pathlib import Path

import pytest
import redis
from redis.exceptions import OutOfMemoryError

from tests.support.runtime.celery_worker import celery, did, hanging, kill_all, notice_deaths, post, settled
from tests.support.waiting import until
from workers.lanes import Lanes
from workers.lanes.status import lane_statuses

pytestmark = pytest.mark.long  # kills, leases and restarts take their time: `make long`

TEXTS = [f"t{number}" for number in range(10)]


def _dead(client: redis.Redis) -> int:
    return sum(lane.dead for lane in lane_statuses(client))


def test_what_a_killed_process_of_the_pool_ran_comes_back(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    with celery(redis_url, tmp_path, "-c", "2") as worker:
        post(lanes, *TEXTS[:5], "hang", *TEXTS[5:])
        [victim] = until(lambda: hanging(tmp_path), within=20)
        assert victim != worker.pid
        os.kill(victim, signal.SIGKILL)
        # Again and again: the worker beats for its processes until it sees that this one is gone.
        until(lambda: notice_deaths(client, victim) and "hang" in did(tmp_path) and settled(client), within=20)
        assert worker.poll() is None
    assert did(tmp_path).count("hang") == 1
    assert set(did(tmp_path)) == {*TEXTS, "hang"}
    assert len(hanging(tmp_path)) == 1
    assert _dead(client) == 0


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_what_a_killed_worker_held_is_handled_by_the_next(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path, pool: str
) -> None:
    with celery(redis_url, tmp_path, "--pool", pool, "-c", "2") as first:
        post(lanes, *TEXTS[:5], "hang", *TEXTS[5:])
        until(lambda: hanging(tmp_path), within=20)
        kill_all(first)
    notice_deaths(client)
    with celery(redis_url, tmp_path, "--pool", pool, "-c", "2"):
        until(lambda: "hang" in did(tmp_path) and settled(client), within=20)
    assert set(did(tmp_path)) == {*TEXTS, "hang"}
    assert did(tmp_path).count("hang") == 1
    assert _dead(client) == 0


def test_in_a_full_redis_workers_go_on_until_there_is_room_again(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    with celery(redis_url, tmp_path, "-c", "2") as worker:
        post(lanes, "before")
        until(lambda: did(tmp_path) == ["before"], within=20)
        lanes.suspend("intake", 3600)  # so that nobody is woken for it, and that is left to the tick
        post(lanes, *TEXTS)
        client.config_set("maxmemory", 1)
        client.delete("sluice:lane:intake:hold")
        until(lambda: len(did(tmp_path)) == 11 and settled(client), within=20)
        with pytest.raises(OutOfMemoryError):
            post(lanes, "refused")
        assert worker.poll() is None
        client.config_set("maxmemory", 0)
        post(lanes, "after")
        until(lambda: "after" in did(tmp_path), within=20)
    assert len(did(tmp_path)) == len(set(did(tmp_path))) == 12
