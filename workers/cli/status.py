"""`sluice status`: the backlog of each lane."""

from typing import Annotated, Any

import redis
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from shared.text import escape_control_chars
from workers.cli.common import Json, console, print_json, redis_client
from workers.cli.watch import watch as watch_display
from workers.lanes.circuit_breaker import BreakerStatus
from workers.lanes.status import LaneStatus, lane_statuses
from workers.operations.redis_info import read_redis_info

_SHORT_AGE = 60.0  # seconds; shown with one decimal


def status(
    json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Include lanes that never had an event.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Refresh every second until Ctrl-C.")] = False,
) -> None:
    """Show what waits, is in flight, will be retried and is dead, by lane.

    Examples:

    - `sluice status --watch`
    - `sluice status --json | jq .totals.dead`
    """
    if watch and json:
        raise typer.BadParameter("--watch and --json cannot be combined")
    with redis_client() as client:
        if watch:
            watch_display(lambda: live_display(client, everything=everything))
            return
        lanes = lane_statuses(client)
        server = _server(client)
    if json:
        print_json({"redis": server, "totals": _totals(lanes), "lanes": [_fields(lane) for lane in lanes]})
        return
    screen = console()
    shown = [lane for lane in lanes if everything or _busy(lane)]
    if shown:
        screen.print(_table(shown))
    for line in (*_open_breakers(lanes), _summary(lanes, server)):
        screen.print(line, soft_wrap=True)


def live_display(client: redis.Redis, *, everything: bool) -> Group:
    """Return the display for --watch. The screen may be too small for it, so the most important lines come first."""
    lanes, server = lane_statuses(client), _server(client)
    shown = sorted([lane for lane in lanes if everything or _busy(lane)], key=_is_idle)
    return Group(_summary(lanes, server), *_open_breakers(lanes), _table(shown))


def _summary(lanes: list[LaneStatus], server: dict[str, Any]) -> Text:
    totals = _totals(lanes)
    return Text(
        f"{totals['waiting']} waiting, {totals['in_flight']} in flight, {totals['retries']} to be retried, "
        f"{totals['dead']} dead in {len(lanes)} lanes. Redis: {server['used_memory'] / 1e6:.1f} MB, "
        f"appendonly {'on' if server['appendonly'] else 'OFF'}, {server['maxmemory_policy']}."
    )


def _open_breakers(lanes: list[LaneStatus]) -> list[Text]:
    return [
        Text(escape_control_chars(f"{lane.lane}: {_describe_breaker(lane.breaker)}"))
        for lane in lanes
        if lane.breaker is not None
    ]


def _table(lanes: list[LaneStatus]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("lane", overflow="fold")  # never shortened: other commands take it
    for heading in ("waiting", "in flight", "oldest", "retries", "next retry", "dead", "done"):
        table.add_column(heading, justify="right")
    for lane in lanes:
        table.add_row(
            Text(escape_control_chars(lane.lane + _suffix(lane))),
            str(lane.waiting),
            str(lane.in_flight),
            format_age(lane.oldest_ms),
            str(lane.retries),
            format_age(lane.next_retry_ms),
            str(lane.dead),
            str(lane.counts.get("done", 0)),
        )
    return table


def _suffix(lane: LaneStatus) -> str:
    if lane.paused:
        return " (paused)"
    if lane.breaker is not None:
        return " (breaker open)"
    return " (held)" if lane.held else ""


def _describe_breaker(breaker: BreakerStatus) -> str:
    delay = breaker.next_try_s
    if delay is None:
        probe = "a probe is running"
    else:
        probe = f"next probe in {format_span(delay)}" if delay else "a probe is due"
    return f"breaker open for {format_span(breaker.open_s)}: {breaker.error} ({probe})"


def format_span(seconds: float) -> str:
    """Return a duration in its largest whole unit: `42 s`, `3 m`, `5 h`, `2 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{int(seconds)} s"


def _fields(lane: LaneStatus) -> dict[str, Any]:
    return lane._asdict() | {"breaker": lane.breaker and lane.breaker._asdict()}


def _busy(lane: LaneStatus) -> bool:
    return bool(lane.counts) or not _is_idle(lane)


def _is_idle(lane: LaneStatus) -> bool:
    return not (lane.waiting or lane.in_flight or lane.retries or lane.dead or lane.held or lane.breaker)


def _totals(lanes: list[LaneStatus]) -> dict[str, int]:
    return {
        "waiting": sum(lane.waiting for lane in lanes),
        "in_flight": sum(lane.in_flight for lane in lanes),
        "retries": sum(lane.retries for lane in lanes),
        "dead": sum(lane.dead for lane in lanes),
    }


def _server(client: redis.Redis) -> dict[str, Any]:
    info = read_redis_info(client)
    return {name: getattr(info, name) for name in ("version", "used_memory", "appendonly", "maxmemory_policy")}


def format_age(milliseconds: int | None) -> str:
    """Return an age or a delay for the table; "" for None."""
    if milliseconds is None:
        return ""
    seconds = max(milliseconds, 0) / 1000
    return f"{seconds:.1f} s" if seconds < _SHORT_AGE else format_span(seconds)
