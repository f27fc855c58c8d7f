"""What the load generators and Redis print, read; and what the traffic must lead to."""

from itertools import islice
from pathlib import Path

import orjson
import pytest

from tests.programs.bench import commandstats, wrk
from tests.programs.bench.handlers import notes
from tests.programs.bench.measure.handling import middle
from tests.programs.bench.measure.ingress_memory import growth
from tests.programs.bench.traffic import mixed, statuses, texts
from workers.parsing import split_webhook

_WRK = """Running 2s test @ http://127.0.0.1:1/webhooks
  1 threads and 64 connections
  41234 requests in 2.00s, 5.11MB read
{errors}Requests/sec:  20617.33
Transfer/sec:      2.55MB
"""


def test_wrk_s_rate_and_requests_are_read() -> None:
    assert wrk.read(_WRK.format(errors="")) == wrk.Load(20617.33, 41234, 0)


def test_wrk_s_errors_are_added_up() -> None:
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n"
    assert wrk.read(_WRK.format(errors=errors)).errors == 15


def test_what_wrk_does_not_print_is_refused() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        wrk.read("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_commands_within_scripts_are_not_counted_twice() -> None:
    inner = commandstats.names(["redis.call('XADD', x)\n redis.pcall( 'Set', y)"])
    stats = {"cmdstat_evalsha": {"usec": 10}, "cmdstat_xadd": {"usec": 5}, "cmdstat_brpop": {"usec": 2}}
    stats |= {"cmdstat_info": {"usec": 100}, "cmdstat_config|get": {"usec": 100}, "cmdstat_set": {"usec": 100}}
    assert inner == {"xadd", "set"}
    assert commandstats.spent_us(stats, inner) == 12


def test_our_scripts_calls_are_found() -> None:
    found = commandstats.called_by_scripts()
    assert {"xadd", "xack", "xdel", "lpush"} <= found
    assert not {"evalsha", "xreadgroup"} & found


def test_mixed_traffic_is_what_it_says_it_is() -> None:
    webhooks = mixed(3000, seed=5)
    items = [item for body in webhooks.bodies for item in split_webhook(orjson.loads(body))]
    assert len(set(webhooks.bodies)) == len(webhooks.bodies) > 2500
    assert len({item.key for item in items}) == len(items) == webhooks.events
    assert {item.kind for item in items} == {"message", "status", "unknown"} == set(webhooks.kinds)
    assert webhooks.deliveries == len({item.body["id"] for item in items if item.kind == "status"})


def test_statuses_and_texts_never_repeat() -> None:
    keys = [item.key for body in islice(statuses(), 300) for item in split_webhook(orjson.loads(body))]
    assert len(set(keys)) == len(keys) == 300
    sent = dict(texts(300))
    assert all(item.body["id"] == wamid for wamid, body in sent.items() for item in split_webhook(orjson.loads(body)))
    assert len(sent) == 300


def test_the_rate_of_handlers_leaves_out_their_beginning_and_end(tmp_path: Path) -> None:
    times = [0.0, *(10 + number / 100 for number in range(98)), 99.0]
    file = tmp_path / "notes"
    file.write_bytes(b"".join(notes.TIME.pack(at) for at in times))
    assert notes.count(file) == 100
    assert middle(file) == pytest.approx(100)


def test_memory_s_growth_is_reported_from_the_tenth_second_to_the_last() -> None:
    assert growth([1.0] * 10 + [50.0, 60.0, 50.0] + [70.0] * 10 + [55.0, 60.0, 50.0, 0.0]) == pytest.approx(1.1)
