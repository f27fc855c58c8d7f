"""`sluice simulate`: made-up traffic in the proportions of real one, at a rate of your choice."""

import asyncio
import random
import signal
import time
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from workers.cli.common import UNAVAILABLE, address, fail, print_json, settings
from workers.cli.send import headers
from workers.devtools.simulation import DUPLICATES, MIX, SimulatedTraffic
from workers.devtools.simulation.posting import WebhookTarget
from workers.devtools.simulation.schedule import schedule
from workers.devtools.simulation.sending import READY, LoadSender, endless
from workers.devtools.simulation.tally import ResponseSummary, ResponseTally

_NAMES = ", ".join(MIX)
_EVERY = 0.25  # seconds between two looks at the numbers


def simulate(
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Webhooks a second.")] = 50,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds.")] = 30,
    mix: Annotated[str, typer.Option(help=f"How often each kind comes: {_NAMES}. As message=3,sent=1.")] = "",
    duplicates: Annotated[float, typer.Option(min=0, max=0.9, help="The share that are repetitions.")] = DUPLICATES,
    burst: Annotated[float, typer.Option(min=1, max=1000, help="So many times the rate in every tenth second.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="Connections to send over.")] = 64,
    url: Annotated[str, typer.Option(help="Where to; by default this machine's ingress.")] = "",
    seed: Annotated[
        int | None, typer.Option(help="The same seed sends the same: repetitions, the second time.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Only the summary, as JSON.")] = False,
) -> None:
    """Send made-up webhooks by a schedule and show how they are answered: 200, or 400 for those that are no JSON.

    Latencies count from the time at which a webhook was due. Ctrl-C ends it and prints the summary so far. Token and
    HMAC secret are those of the settings. Exit codes: 0 each answer was the right one, 1 not each, 69 none came.

    Examples:

    - `sluice simulate --rate 500 --duration 60`
    - `sluice simulate --mix sent=1 --burst 10` is a campaign
    """
    shares = _shares(mix)
    found = settings()
    try:
        target = WebhookTarget(url or f"{address(found)}/webhooks")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    traffic = SimulatedTraffic(
        random.randrange(2**32) if seed is None else seed, int(time.time()), mix=shares, duplicates=duplicates
    )
    webhooks = endless(traffic, int(min(rate * burst * duration, READY)))
    tally, begun = ResponseTally(), time.monotonic()

    async def run() -> None:
        sender = LoadSender(target, lambda body: headers(found, body), tally, connections)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sender.stop)
        sending = asyncio.create_task(sender.send(webhooks, schedule(rate, duration, burst)))
        screen = Console(stderr=True)
        with Live(console=screen, transient=True) if screen.is_terminal and not json else nullcontext() as live:
            while not sending.done():
                await asyncio.wait([sending], timeout=_EVERY)
                if live is not None:
                    live.update(_table(tally.summary(time.monotonic() - begun)))
        await sending

    asyncio.run(run())
    summary = tally.summary(time.monotonic() - begun)
    if json:
        print_json(summary._asdict())
    else:
        Console().print(_table(summary))
    if summary.answers.keys() == {"none"}:
        fail(f"{target.url} does not answer", UNAVAILABLE)
    raise typer.Exit(1 if summary.unexpected else 0)


def _shares(mix: str) -> dict[str, int]:
    """Raises BadParameter."""
    if not mix:
        return dict(MIX)
    found: dict[str, int] = {}
    for part in mix.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in MIX or not weight.isdecimal():
            raise typer.BadParameter(f"{part!r} is no part of a mix; message=3 is, and the names are {_NAMES}")
        found[name] = int(weight)
    if not any(found.values()):
        raise typer.BadParameter("a mix needs a number above zero")
    return found


def _table(summary: ResponseSummary) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    answers = ", ".join(f"{code}: {count}" for code, count in summary.answers.items()) or "none yet"
    table.add_row("sent", f"{summary.sent} in {summary.seconds:.1f} s, {summary.rate:.0f} answered a second")
    table.add_row("answers", f"{answers} ({summary.unexpected} not as they should be)")
    times = (
        f"p50 {summary.p50:.1f} ms, p90 {summary.p90:.1f} ms, p99 {summary.p99:.1f} ms, slowest {summary.max:.1f} ms"
    )
    table.add_row("latency", times)
    return table
