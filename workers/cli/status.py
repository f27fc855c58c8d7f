"""`sluice status`: what waits where."""

from typing import Annotated, Any

import redis
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from shared.text import escape_control_chars
from workers.cli import watch as watching
from workers.cli.common import console, print_json, redis_client
from workers.lanes.circuit_breaker import BreakerStatus
from workers.lanes.status import LaneStatus, lane_statuses
from workers.operations.redis_info import read_redis_info

_EXACT = 60.0  # seconds; a longer time is told in its largest unit
_QUIET = "lanes with nothing in them are left out; --all shows them"


def status(
    json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help=f"Every lane ({_QUIET}).")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Every second anew, until Ctrl-C.")] = False,
) -> None:
    """Show what waits, what is held, what will be retried and what is dead, lane by lane.

    Examples:

    - `sluice status --watch`
    - `sluice status --json | jq .totals.dead`
    """
    if watch and json:
        raise typer.BadParameter("--watch is for people, --json for programs")
    with redis_client() as client:
        if watch:
            watching.watch(lambda: moving(client, everything=everything))
            return
        lanes = lane_statuses(client)
        server = _server(client)
    if json:
        print_json({"redis": server, "totals": _totals(lanes), "lanes": [_plain(lane) for lane in lanes]})
        return
    screen = console()
    shown = [lane for lane in lanes if everything or _busy(lane)]
    if shown:
        screen.print(_table(shown))
    for sentence in (*_broken(lanes), _summary(lanes, server)):
        screen.print(sentence, soft_wrap=True)


def moving(client: redis.Redis, *, everything: bool) -> Group:
    """The picture for a screen that may be too small for it: what matters most is at its top."""
    lanes, server = lane_statuses(client), _server(client)
    shown = sorted([lane for lane in lanes if everything or _busy(lane)], key=_is_at_rest)
    return Group(_summary(lanes, server), *_broken(lanes), _table(shown))


def _summary(lanes: list[LaneStatus], server: dict[str, Any]) -> Text:
    totals = _totals(lanes)
    return Text(
        f"{totals['waiting']} waiting, {totals['in_flight']} in flight, {totals['retries']} to be retried, "
        f"{totals['dead']} dead in {len(lanes)} lanes. Redis: {server['used_memory'] / 1e6:.1f} MB, "
        f"appendonly {'on' if server['appendonly'] else 'OFF'}, {server['maxmemory_policy']}."
    )


def _broken(lanes: list[LaneStatus]) -> list[Text]:
    return [
        Text(escape_control_chars(f"{lane.lane}: {_sentence(lane.breaker)}"))
        for lane in lanes
        if lane.breaker is not None
    ]


def _table(lanes: list[LaneStatus]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("lane", overflow="fold")  # whole, since it is what other commands are given
    for heading in ("waiting", "in flight", "oldest", "retries", "next retry", "dead", "done"):
        table.add_column(heading, justify="right")
    for lane in lanes:
        table.add_row(
            Text(escape_control_chars(lane.lane + _mark(lane))),
            str(lane.waiting),
            str(lane.in_flight),
            age(lane.oldest_ms),
            str(lane.retries),
            age(lane.next_retry_ms),
            str(lane.dead),
            str(lane.counts.get("done", 0)),
        )
    return table


def _mark(lane: LaneStatus) -> str:
    if lane.paused:
        return " (paused)"
    if lane.breaker is not None:
        return " (breaker open)"
    return " (held)" if lane.held else ""


def _sentence(breaker: BreakerStatus) -> str:
    waits = breaker.next_try_s
    if waits is None:
        after = "one entry is being tried now"
    else:
        after = f"the next try is in {span(waits)}" if waits else "the next try is due"
    return f"breaker open for {span(breaker.open_s)}: {breaker.error} ({after})"


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: `42 s`, `3 m`, `5 h`, `2 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{int(seconds)} s"


def _plain(lane: LaneStatus) -> dict[str, Any]:
    return lane._asdict() | {"breaker": lane.breaker and lane.breaker._asdict()}


def _busy(lane: LaneStatus) -> bool:
    return bool(lane.counts) or not _is_at_rest(lane)


def _is_at_rest(lane: LaneStatus) -> bool:
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


def age(milliseconds: int | None) -> str:
    """A lane's age or wait as the table shows it; nothing for None."""
    if milliseconds is None:
        return ""
    seconds = max(milliseconds, 0) / 1000
    return f"{seconds:.1f} s" if seconds < _EXACT else span(seconds)
