"""What a process of the ingress tells Redis about itself."""

from pathlib import Path
from typing import Any

import pytest
import redis.exceptions
from fakeredis import FakeAsyncRedis, FakeServer

from ingress.report import Report
from ingress.spool import Durable, Spool
from ingress.tally import Spread, Tally

pytestmark = pytest.mark.anyio


async def _never(*_: object) -> Any:
    raise AssertionError


def _report(client: FakeAsyncRedis, tally: Tally, folder: Path) -> Report:
    return Report(client, tally, Durable(_never, _never, Spool(folder)))


async def _hash(client: FakeAsyncRedis, key: str | bytes) -> dict[str, str]:
    found: Any = await client.hgetall(key)
    return {name.decode(): value.decode() for name, value in found.items()}


async def test_each_process_tells_its_counts_and_the_state_of_its_spool(tmp_path: Path) -> None:
    client, tally = FakeAsyncRedis(), Tally()
    tally.answers[200] += 3
    tally.group_sizes.note(3)
    await _report(client, tally, tmp_path).tell()

    found: Any = await client.zrange("sluice:ingresses", 0, -1, withscores=True)
    [(process, at)] = found
    told = await _hash(client, b"sluice:ingress:" + process)
    assert float(told["at_ms"]) == at
    assert (told["answers:200"], told["group_size:le:2"], told["group_size:le:4"]) == ("3.0", "0", "1")
    assert (told["spool_bytes"], told["spool_since_ms"], told["refusing"], told["open_lanes"]) == ("0", "", "", "")
    assert 0 < await client.pttl(b"sluice:ingress:" + process) <= 15_000


async def test_answers_of_all_processes_add_up_and_each_is_told_once(tmp_path: Path) -> None:
    client, tallies = FakeAsyncRedis(), [Tally(), Tally()]
    reports = [_report(client, tally, tmp_path) for tally in tallies]
    for tally, report in zip(tallies, reports, strict=True):
        tally.answers[200] += 2
        await report.tell()
        await report.tell()
        tally.answers[200] += 1
        tally.answers[503] += 1
        await report.tell()
    assert await _hash(client, "sluice:answers") == {"200": "6", "503": "2"}


async def test_what_was_not_taken_is_told_the_next_time(tmp_path: Path) -> None:
    server = FakeServer()
    client, tally = FakeAsyncRedis(server=server), Tally()
    report = _report(client, tally, tmp_path)
    tally.answers[200] += 2
    server.connected = False
    with pytest.raises(redis.exceptions.ConnectionError):
        await report.tell()
    server.connected = True
    await report.tell()
    assert await _hash(client, "sluice:answers") == {"200": "2"}


async def test_one_that_stops_tells_its_last_and_is_gone(tmp_path: Path) -> None:
    client, tally = FakeAsyncRedis(), Tally()
    report = _report(client, tally, tmp_path)
    report.start()
    tally.answers[200] += 1
    await report.stop()
    assert await _hash(client, "sluice:answers") == {"200": "1"}
    assert await client.zcard("sluice:ingresses") == 0


def test_values_are_counted_by_their_upper_bounds() -> None:
    spread = Spread((1.0, 2.5))
    for value in (0.5, 1.0, 2.0, 100.0):
        spread.note(value)
    assert spread.fields("x") == {"x:le:1": 2, "x:le:2.5": 3, "x:le:+Inf": 4, "x:sum": 103.5}
