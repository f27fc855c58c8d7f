"""`sluice status`: what waits where."""

from typing import Annotated, Any

import redis
import typer
from rich.table import Table
from rich.text import Text

from shared.lanes.survey import LaneStatus, survey
from shared.plaintext import one_line
from workers.cli.common import console, print_json, redis_client

_QUIET = "lanes with nothing in them are left out; --all shows them"


def status(
    json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help=f"Every lane ({_QUIET}).")] = False,
) -> None:
    """Show what waits, what is held, what will be retried and what is dead, lane by lane."""
    with redis_client() as client:
        lanes = survey(client)
        server = _server(client)
    if json:
        print_json({"redis": server, "totals": _totals(lanes), "lanes": [lane._asdict() for lane in lanes]})
        return
    screen = console()
    screen.print(_table([lane for lane in lanes if everything or _busy(lane)]))
    totals = _totals(lanes)
    screen.print(
        f"{totals['waiting']} waiting, {totals['in_flight']} in flight, {totals['retries']} to be retried, "
        f"{totals['dead']} dead in {len(lanes)} lanes. Redis: {server['used_memory'] / 1e6:.1f} MB, "
        f"appendonly {'on' if server['appendonly'] else 'OFF'}, {server['maxmemory_policy']}.",
        highlight=False,
        soft_wrap=True,
    )


def _table(lanes: list[LaneStatus]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("lane")
    for heading in ("waiting", "in flight", "oldest", "retries", "next retry", "dead", "done"):
        table.add_column(heading, justify="right")
    for lane in lanes:
        table.add_row(
            Text(one_line(lane.lane + _mark(lane))),
            str(lane.waiting),
            str(lane.in_flight),
            _seconds(lane.oldest_ms),
            str(lane.retries),
            _seconds(lane.next_retry_ms),
            str(lane.dead),
            str(lane.counts.get("done", 0)),
        )
    return table


def _mark(lane: LaneStatus) -> str:
    if lane.paused:
        return " (paused)"
    return " (held)" if lane.held else ""


def _busy(lane: LaneStatus) -> bool:
    return bool(lane.waiting or lane.in_flight or lane.retries or lane.dead or lane.counts or lane.held)


def _totals(lanes: list[LaneStatus]) -> dict[str, int]:
    return {
        "waiting": sum(lane.waiting for lane in lanes),
        "in_flight": sum(lane.in_flight for lane in lanes),
        "retries": sum(lane.retries for lane in lanes),
        "dead": sum(lane.dead for lane in lanes),
    }


def _server(client: redis.Redis) -> dict[str, Any]:
    info: Any = client.info()
    return {
        "version": info.get("valkey_version") or info["redis_version"],
        "used_memory": info["used_memory"],
        "appendonly": bool(info["aof_enabled"]),
        "maxmemory_policy": info["maxmemory_policy"],
    }


def _seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{max(milliseconds, 0) / 1000:.1f} s"
