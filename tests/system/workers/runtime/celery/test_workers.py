"""Real `celery -A workers worker` processes."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.wire.receipt import ReceiptWriter
from tests.support.programs import ROOT, clean_environment, program, run
from tests.support.waiting import until
from workers.lanes import Lanes
from workers.lanes.status import lane_statuses

Worker = Callable[..., Any]
_ALONE = ("--without-gossip", "--without-mingle")
_RECEIPTS = ReceiptWriter()


@pytest.fixture
def worker(redis_url: str, client: redis.Redis, tmp_path: Path) -> Worker:
    """Starts a worker with these options; a context manager that ends it by SIGTERM."""

    @contextmanager
    def started(*options: str) -> Iterator["subprocess.Popen[bytes]"]:
        environment = clean_environment(
            SLUICE_REDIS_URL=redis_url,
            SLUICE_DATABASE_URL="none",
            SLUICE_DATA_DIR=str(tmp_path),
            SLUICE_HANDLERS="tests.support.runtime.handlers",
            NOTES=str(tmp_path),
        )
        command = [
            program("celery"),
            "--quiet",
            "-A",
            "workers",
            "worker",
            "--without-gossip",
            "--without-mingle",
            *options,
        ]
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)  # a pool process waits up to 30 s for its last results to be read (billiard/pool.py)
            finally:
                process.kill()

    return started


def post(lanes: Lanes, *texts: str, lane: str = "intake") -> None:
    webhooks = [
        {"messages": {"id": f"wamid.{number}.{text}", "type": "text", "from": "9198", "text": {"body": text}}}
        for number, text in enumerate(texts)
    ]
    lanes.push(lane, [_RECEIPTS.pack(json.dumps(webhook).encode(), 1)[1] for webhook in webhooks])


def statuses(lanes: Lanes, count: int) -> None:
    webhooks = [{"statuses": [{"id": f"wamid.s{number}", "status": "sent"}]} for number in range(count)]
    lanes.push("intake.statuses", [_RECEIPTS.pack(json.dumps(webhook).encode(), 1)[1] for webhook in webhooks])


def notes(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text().splitlines() if (folder / name).exists() else []


def settled(client: redis.Redis) -> bool:
    lanes = lane_statuses(client)
    return bool(lanes) and not any(lane.waiting + lane.in_flight + lane.retries for lane in lanes)


@pytest.mark.parametrize(
    "pool", ["prefork", pytest.param("threads", marks=pytest.mark.long), pytest.param("solo", marks=pytest.mark.long)]
)
def test_every_pool_handles_what_waits_and_what_comes(worker: Worker, lanes: Lanes, tmp_path: Path, pool: str) -> None:
    post(lanes, "waited")  # before any worker made the lane known: the tick finds it
    with worker("--pool", pool, "-c", "2"):
        until(lambda: notes(tmp_path, "texts") == ["waited"], within=20)
        post(lanes, *[f"t{number}" for number in range(50)])
        statuses(lanes, 300)
        until(lambda: len(notes(tmp_path, "texts")) >= 51 and len(notes(tmp_path, "statuses")) >= 300, within=20)
        until(lambda: settled(lanes.client))
    assert sorted(notes(tmp_path, "texts")) == sorted(["waited", *[f"t{number}" for number in range(50)]])
    assert len(set(notes(tmp_path, "statuses"))) == len(notes(tmp_path, "statuses")) == 300


@pytest.mark.parametrize("pool", ["prefork", pytest.param("threads", marks=pytest.mark.long)])
def test_a_warm_shutdown_loses_nothing_and_repeats_nothing(
    worker: Worker, lanes: Lanes, tmp_path: Path, pool: str
) -> None:
    with worker("--pool", pool, "-c", "2") as process:
        post(lanes, *["slow"] * 1, *[f"t{number}" for number in range(20)], *["slow2"])
        post(lanes, *[f"slow {number}" for number in range(10)])
        until(lambda: notes(tmp_path, "texts"), within=20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with worker("--pool", pool, "-c", "2"):
        until(lambda: settled(lanes.client), within=20)
    texts = notes(tmp_path, "texts")
    assert len(texts) == len(set(texts)) == 32


@pytest.mark.long
def test_an_event_that_kills_its_process_is_a_dead_letter_and_its_neighbours_are_handled(
    worker: Worker, lanes: Lanes, tmp_path: Path
) -> None:
    with worker("-c", "2"):
        post(lanes, *[f"a{number}" for number in range(10)], "exit", *[f"b{number}" for number in range(10)])
        until(lambda: settled(lanes.client) and len(notes(tmp_path, "deaths")) == 3, within=90)
        (lane,) = [lane for lane in lane_statuses(lanes.client) if lane.dead]
    assert (lane.lane, lane.dead) == ("text.write", 1)
    assert set(notes(tmp_path, "texts")) == {f"{side}{number}" for side in "ab" for number in range(10)}


@pytest.mark.long
def test_a_queue_can_be_left_to_other_workers(worker: Worker, lanes: Lanes, tmp_path: Path) -> None:
    with worker("-c", "1", "-Q", "intake,messages"):
        statuses(lanes, 10)
        post(lanes, "hello")
        until(lambda: notes(tmp_path, "texts") == ["hello"], within=20)
        assert notes(tmp_path, "statuses") == []
        with worker("-c", "1", "-Q", "statuses", "-n", "other@%h"):
            until(lambda: len(notes(tmp_path, "statuses")) == 10, within=20)


@pytest.mark.long
def test_a_message_goes_before_the_statuses_that_wait(worker: Worker, lanes: Lanes, tmp_path: Path) -> None:
    with worker("-c", "1"):
        post(lanes, "first")
        until(lambda: notes(tmp_path, "texts") == ["first"], within=20)
        statuses(lanes, 50_000)
        began = time.monotonic()
        post(lanes, "urgent")
        until(lambda: "urgent" in notes(tmp_path, "texts"), within=20)
        took = time.monotonic() - began
        waiting = sum(lane.waiting for lane in lane_statuses(lanes.client))
    assert waiting > 1_000, f"the statuses were through in {took:.2f} s: this shows nothing"
    assert len(notes(tmp_path, "statuses")) < 50_000


def test_a_handlers_own_queue_is_served_by_a_worker_that_serves_all(
    worker: Worker, lanes: Lanes, tmp_path: Path
) -> None:
    with worker("-c", "1"):
        webhook = {"messages": {"id": "wamid.p", "type": "image", "from": "9198", "image": {"id": "1"}}}
        lanes.push("intake", [_RECEIPTS.pack(json.dumps(webhook).encode(), 1)[1]])
        until(lambda: notes(tmp_path, "pictures") == ["wamid.p"], within=20)


@pytest.mark.long
def test_a_handler_that_fails_for_everyone_is_left_alone_until_it_does_well_again(
    worker: Worker, lanes: Lanes, tmp_path: Path
) -> None:
    (tmp_path / "down").touch()
    webhooks = [
        {"messages": {"id": f"wamid.s{number}", "type": "sticker", "from": "9198", "sticker": {"id": "1"}}}
        for number in range(500)
    ]
    lanes.push("intake", [_RECEIPTS.pack(json.dumps(webhook).encode(), 1)[1] for webhook in webhooks])

    def probed() -> bool:
        return any(lane.breaker and lane.breaker.tries >= 2 for lane in lane_statuses(lanes.client))

    with worker("-c", "2"):
        until(probed, within=40)
        post(lanes, "hello")
        until(lambda: notes(tmp_path, "texts") == ["hello"])  # nobody else is held up
        (tmp_path / "down").unlink()
        until(lambda: settled(lanes.client) and not lanes.client.llen("sluice:queue:messages"), within=40)
    assert sorted(notes(tmp_path, "stickers")) == sorted(f"wamid.s{number}" for number in range(500))
    assert sum(lane.dead for lane in lane_statuses(lanes.client)) == 0
    log = (tmp_path / "log").read_text()
    assert log.count("circuit breaker opened") == log.count("circuit breaker closed") == 1
    assert '"error": "ConnectionError: what it needs is down"' in log


def test_a_worker_with_wrong_settings_names_them_and_exits(tmp_path: Path) -> None:
    (tmp_path / "broken_handlers.py").write_text("raise RuntimeError('on purpose')\n")
    settings = {"SLUICE_REDIS_URL": "redis://127.0.0.1:1", "SLUICE_HANDLERS": "broken_handlers"}
    command = [program("celery"), "-A", "workers", "worker"]
    ended = run(command, tmp_path, **settings, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert ended.returncode == 78
    assert "broken_handlers cannot be imported: RuntimeError: on purpose" in ended.stderr
    assert "Traceback" not in ended.stderr
