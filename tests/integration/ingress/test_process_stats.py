"""What a process of the ingress tells Redis about itself."""

import socket
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import redis.exceptions
from fakeredis import FakeAsyncRedis, FakeServer
from redis.commands.core import AsyncScript

from ingress.delivery import FailoverWriter
from ingress.process_stats import ProcessCounters, ProcessStatsReporter
from ingress.spool import SpoolWriter
from shared.redis.connection import connect_async

pytestmark = pytest.mark.anyio


async def _never(*_: object) -> Any:
    raise AssertionError


def _report(client: FakeAsyncRedis, tally: ProcessCounters, folder: Path) -> ProcessStatsReporter:
    return ProcessStatsReporter(client, tally, FailoverWriter(_never, _never, SpoolWriter(folder)).status)


async def _hash(client: FakeAsyncRedis, key: str | bytes) -> dict[str, str]:
    found: Any = await client.hgetall(key)
    return {name.decode(): value.decode() for name, value in found.items()}


async def test_each_process_tells_its_counts_and_the_state_of_its_spool(tmp_path: Path) -> None:
    client, tally = FakeAsyncRedis(), ProcessCounters()
    tally.responses[200] += 3
    tally.group_sizes.record(3)
    await _report(client, tally, tmp_path).publish()

    found: Any = await client.zrange("sluice:ingresses", 0, -1, withscores=True)
    [(process, at)] = found
    fields = await _hash(client, b"sluice:ingress:" + process)
    assert float(fields["at_ms"]) == at
    assert (fields["answers:200"], fields["group_size:4"], fields["group_size:sum"]) == ("3", "1", "3000000")
    assert (fields["spool_bytes"], fields["spool_since_ms"], fields["refusing"], fields["open_lanes"]) == (
        "0",
        "",
        "",
        "",
    )
    assert (fields["spool"], fields["spool_limit"]) == (f"{socket.gethostname()}:{tmp_path}", str(1024**3))
    assert 0 < await client.pttl(b"sluice:ingress:" + process) <= 15_000


async def test_responses_of_all_processes_add_up_and_each_is_counted_once(tmp_path: Path) -> None:
    client, tallies = FakeAsyncRedis(), [ProcessCounters(), ProcessCounters()]
    reports = [_report(client, tally, tmp_path) for tally in tallies]
    for tally, report in zip(tallies, reports, strict=True):
        tally.responses[200] += 2
        await report.publish()
        await report.publish()
        tally.responses[200] += 1
        tally.responses[503] += 1
        await report.publish()
    assert await _hash(client, "sluice:answers") == {"200": "6", "503": "2"}


async def test_so_do_their_histograms_whether_they_live_or_not(tmp_path: Path) -> None:
    client, tallies = FakeAsyncRedis(), [ProcessCounters(), ProcessCounters()]
    for tally in tallies:
        tally.push_seconds.record(0.002)
        report = _report(client, tally, tmp_path)
        await report.publish()
        tally.push_seconds.record(0.002)
        tally.push_seconds.record(9)
        await report.stop()
    counts = await _hash(client, "sluice:ingress")
    assert counts == {"push_seconds:0.0025": "4", "push_seconds:+Inf": "2", "push_seconds:sum": "18008000"}


async def test_what_was_not_received_is_published_the_next_time(tmp_path: Path) -> None:
    server = FakeServer()
    client, tally = FakeAsyncRedis(server=server), ProcessCounters()
    report = _report(client, tally, tmp_path)
    tally.responses[200] += 2
    server.connected = False
    with pytest.raises(redis.exceptions.ConnectionError):
        await report.publish()
    server.connected = True
    await report.publish()
    assert await _hash(client, "sluice:answers") == {"200": "2"}


async def test_what_was_taken_and_not_answered_is_counted_once(tmp_path: Path) -> None:
    client, tally = FakeAsyncRedis(), ProcessCounters()
    report = _report(client, tally, tmp_path)
    tally.responses[200] += 2
    with mock.patch.object(AsyncScript, "__call__", _deaf), pytest.raises(redis.exceptions.ConnectionError):
        await report.publish()
    assert await _hash(client, "sluice:answers") == {"200": "2"}
    tally.responses[200] += 1
    await report.publish()
    assert await _hash(client, "sluice:answers") == {"200": "3"}


_call = AsyncScript.__call__


async def _deaf(script: AsyncScript, **arguments: Any) -> None:
    """Run a script whose reply is lost."""
    await _call(script, **arguments)
    raise redis.exceptions.ConnectionError


async def test_a_full_redis_gets_reports_too(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    connected, tally = connect_async(redis_url), ProcessCounters()
    report = ProcessStatsReporter(connected, tally, FailoverWriter(_never, _never, SpoolWriter(tmp_path)).status)
    client.config_set("maxmemory", 1)
    try:
        tally.responses[503] += 1
        await report.publish()
        assert client.hgetall("sluice:answers") == {b"503": b"1"}
    finally:
        client.config_set("maxmemory", 0)
        await connected.aclose()


async def test_one_that_stops_tells_its_last_and_is_gone(tmp_path: Path) -> None:
    client, tally = FakeAsyncRedis(), ProcessCounters()
    report = _report(client, tally, tmp_path)
    report.start()
    tally.responses[200] += 1
    await report.stop()
    assert await _hash(client, "sluice:answers") == {"200": "1"}
    assert await client.zcard("sluice:ingresses") == 0
