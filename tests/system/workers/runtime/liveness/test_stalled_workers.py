"""Real Celery workers that stop taking messages: it is noticed, they end on their own, and lanes go on."""

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.support.runtime.celery_worker import did, post, settled
from tests.support.runtime.watched_worker import POOLS, health, stall, state, watched
from tests.support.waiting import until
from workers.lanes import Lanes
from workers.runtime.liveness import worker_status

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`


@pytest.mark.parametrize(("pool", "how"), [*[(pool, "mute") for pool in POOLS], ("prefork", "swallow")])
def test_a_worker_that_takes_no_messages_is_noticed_and_ends_and_the_next_one_goes_on(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path, pool: str, how: str
) -> None:
    with watched(client, redis_url, tmp_path, pool, "-c", "2") as first:
        post(lanes, "before")
        until(lambda: did(tmp_path) == ["before"], within=20)
        assert health(redis_url).exit_code == 0
        stall(tmp_path, how)
        post(lanes, *[f"t{number}" for number in range(10)])
        until(lambda: state(client) == worker_status.STALLED, within=20)
        for options in ([], ["--liveness"]):
            answer = health(redis_url, *options)
            assert answer.exit_code == 1
            assert "it has received no messages for" in answer.stderr
        assert first.process.wait(30) == 1
        assert first.output.count("worker receives no messages although it has free slots") == 1
    assert client.keys("sluice:queue:pulse*") == []
    with watched(client, redis_url, tmp_path, pool, "-c", "2", name="two"):
        until(lambda: len(did(tmp_path)) == 11 and settled(client), within=20)
    assert len(set(did(tmp_path))) == 11


def test_a_worker_whose_event_loop_stands_still_ends_although_it_cannot_stop(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        stuck = [
            stack.enter_context(watched(client, redis_url, tmp_path, pool, "-c", "1", name=pool)) for pool in POOLS
        ]
        for pool in POOLS:
            stall(tmp_path, "stuck", name=pool)
        assert [worker.process.wait(30) for worker in stuck] == [1, 1, 1]
        assert ["worker hangs while stopping" in worker.output for worker in stuck] == [True, True, True]


def test_a_process_that_is_stopped_is_silent_though_those_of_its_pool_are_not(
    client: redis.Redis, lanes: Lanes, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_status, "REPORT_TIMEOUT", 2.0)
    with watched(client, redis_url, tmp_path, "prefork", "-c", "2") as stopped:
        post(lanes, "a process of the pool beats from now on")
        until(lambda: did(tmp_path), within=20)
        stopped.process.send_signal(signal.SIGSTOP)
        until(lambda: health(redis_url, "--liveness").exit_code == 1)
        assert "no report from its main process for" in health(redis_url).stderr
        stopped.process.send_signal(signal.SIGCONT)
        until(lambda: health(redis_url).exit_code == 0)
        assert stopped.process.poll() is None


def test_wakeups_that_a_stalled_worker_took_are_sent_again_for_others(
    lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    with watched(client, redis_url, tmp_path, "threads", "-c", "2"):
        stall(tmp_path, "swallow")
        post(lanes, "lost?")
        until(lambda: client.llen("sluice:queue:intake") == 0 and client.zcard("sluice:lane:intake:woken") == 1)
        with watched(client, redis_url, tmp_path, "threads", "-c", "2", name="two"):
            until(lambda: did(tmp_path) == ["lost?"] and settled(client), within=20)
