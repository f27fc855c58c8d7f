"""The metrics count what was done, whichever process is killed meanwhile; no counter ever falls."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import redis

from tests.support.console.scraping import Scrape, read
from tests.support.ingress.processes import Ingress, ingress
from tests.support.runtime.celery_worker import celery, did, hanging, kill_all, notice_deaths, settled
from tests.support.waiting import until
from tests.system.workers.console.test_process import console
from workers.lanes import Lanes

LANE = "text.write"


class Prometheus:
    """Scrapes, and sees that no counter falls."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._before: dict[tuple[str, ...], float] = {}

    def scrape(self) -> Scrape:
        answer = httpx.get(f"{self._url}/metrics", trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        found = read(answer.text)
        counted = {
            key: value
            for key, value in found.samples.items()
            if key[0].endswith(("_total", "_bucket", "_count", "_sum")) and "process" not in key[0]
        }
        fallen = {key: (value, counted.get(key)) for key, value in self._before.items() if counted.get(key, -1) < value}
        assert fallen == {}
        self._before = counted
        return found

    def counts(self, name: str, expected: float, **labels: str) -> None:
        """Waits until that sample is there with this value."""
        until(lambda: self.scrape().value(name, **labels) == expected, within=15, every=0.1)


@pytest.fixture
def prometheus(redis_url: str, lanes: Lanes, tmp_path: Path) -> Iterator[Prometheus]:
    """Before a console without a password, on an emptied Redis."""
    with console(_folder(tmp_path, "console"), redis_url, SLUICE_DATABASE_URL="none") as (url, _):
        yield Prometheus(url)


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def _post(running: Ingress, texts: range) -> None:
    def post(number: int) -> int:
        text = f"t{number}" if number else "hang"  # at its first run
        message = {"id": f"wamid.{number}", "type": "text", "from": "9198", "text": {"body": text}}
        return running.post(json.dumps({"messages": message}).encode()).status_code

    with ThreadPoolExecutor(8) as posters:
        assert set(posters.map(post, texts)) == {200}


@pytest.mark.long
def test_counters_are_exact_across_kills_of_the_ingress_and_of_a_worker(
    client: redis.Redis, redis_url: str, tmp_path: Path, prometheus: Prometheus
) -> None:
    work = _folder(tmp_path, "worker")
    with ingress(_folder(tmp_path, "first"), redis_url=redis_url, WEB_CONCURRENCY="2") as first:
        _post(first, range(150))
        assert first.post(b"no JSON").status_code == 400
        prometheus.counts("sluice_webhook_answers_total", 150, status="200")
        os.killpg(first.program.process.pid, signal.SIGKILL)
    with celery(redis_url, work, "-c", "2") as worker:
        until(lambda: hanging(work) and len(did(work)) > 20, within=20)
        kill_all(worker)
    notice_deaths(client)
    with (
        ingress(_folder(tmp_path, "second"), redis_url=redis_url, WEB_CONCURRENCY="2") as second,
        celery(redis_url, work, "-c", "2"),
    ):
        _post(second, range(100, 300))  # some of them again
        until(lambda: settled(client) and len(set(did(work))) == 300, within=30)
        prometheus.counts("sluice_webhook_answers_total", 350, status="200")
        prometheus.counts("sluice_lane_waiting", 0, lane="intake")  # a look is up to 2 s old
        reported = prometheus.scrape()

    assert reported.value("sluice_webhook_answers_total", status="400") == 1
    assert reported.value("sluice_push_group_size_sum") == 350
    for lane, entered in (("intake", 350), (LANE, 300)):
        assert reported.value("sluice_lane_entered_total", lane=lane) == entered
        assert reported.value("sluice_lane_outcomes_total", lane=lane, outcome="done") == entered
        assert reported.value("sluice_event_lag_seconds_count", lane=lane) == entered
    assert reported.value("sluice_lane_events_total", lane="intake", result="added") == 300
    assert reported.value("sluice_lane_events_total", lane="intake", result="duplicate") == 50
    assert reported.value("sluice_handler_duration_seconds_count", lane=LANE) == 300
    assert reported.total("sluice_lane_orphaned_total") > 0


def test_the_public_port_tells_no_metrics(redis_url: str, client: redis.Redis, tmp_path: Path) -> None:
    with ingress(tmp_path, redis_url=redis_url) as running:
        assert httpx.get(f"{running.url}/metrics", trust_env=False).status_code == 404
