"""SLUICE_MIN_REPLICAS: a webhook is acknowledged once a replica has it too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.ingress.processes import Server, events, ingress, killable, status
from tests.support.waiting import until


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Server]:
    with killable(tmp_path / "primary", repl_diskless_sync_delay="0") as running:
        yield running


@pytest.fixture
def replica(tmp_path: Path, primary: Server) -> Iterator[Server]:
    with killable(tmp_path / "replica", replicaof=f"127.0.0.1 {primary.port}") as running:
        until(lambda: _link(running) == "up")
        yield running


def _link(replica: Server) -> str:
    with redis.Redis.from_url(replica.url) as client:
        return str(client.info("replication")["master_link_status"])


def test_an_answer_of_200_means_that_the_replica_has_it(tmp_path: Path, primary: Server, replica: Server) -> None:
    with ingress(tmp_path, redis_url=primary.url, min_replicas="1") as running:
        answers = [running.post(b'{"n": %d}' % number) for number in range(20)]
        primary.kill()
        kept = [receipt.id for receipt in replica.receipts()]

    assert {answer.status_code for answer in answers} == {200}
    assert kept == [answer.json()["receipt"] for answer in answers]


def test_without_its_replica_webhooks_stay_in_the_spool_until_it_is_back(
    tmp_path: Path, primary: Server, replica: Server
) -> None:
    with ingress(tmp_path, redis_url=primary.url, min_replicas="1") as running:
        assert status(running) == 200
        replica.kill()
        answer = running.post()
        assert answer.status_code == 200
        assert [path.stat().st_size > 0 for path in _segments(tmp_path)] == [True]
        assert len(events(running, "error")) == 1

        replica.start()
        until(lambda: not _segments(tmp_path), within=20)
        assert answer.json()["receipt"] in [receipt.id for receipt in replica.receipts()]


def _segments(folder: Path) -> list[Path]:
    return list((folder / "var" / "spool").iterdir())
