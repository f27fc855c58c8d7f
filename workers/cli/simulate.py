"""`sluice simulate`: traffic in realistic proportions at a chosen rate."""

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

from workers.cli.common import UNAVAILABLE, Json, fail, ingress_url, load_settings, print_json
from workers.cli.send import auth_headers
from workers.devtools.simulation import DUPLICATES, MIX, SimulatedTraffic
from workers.devtools.simulation.posting import WebhookTarget
from workers.devtools.simulation.schedule import schedule
from workers.devtools.simulation.sending import MAX_PREPARED, LoadSender, endless
from workers.devtools.simulation.tally import ResponseSummary, ResponseTally

_KINDS = ", ".join(MIX)
_REFRESH_INTERVAL = 0.25  # seconds


def simulate(
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Webhooks per second.")] = 50,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds.")] = 30,
    mix: Annotated[str, typer.Option(help=f"Weights of the kinds ({_KINDS}), for example message=3,sent=1.")] = "",
    duplicates: Annotated[float, typer.Option(min=0, max=0.9, help="Share of repeated webhooks.")] = DUPLICATES,
    burst: Annotated[float, typer.Option(min=1, max=1000, help="Factor on the rate in every tenth second.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="Number of connections.")] = 64,
    url: Annotated[str, typer.Option(help="Target; by default the ingress of this machine.")] = "",
    seed: Annotated[
        int | None, typer.Option(help="Makes the traffic reproducible. A second run sends repetitions only.")
    ] = None,
    json: Json = False,
) -> None:
    """Send simulated webhooks on a schedule and show the responses: 200, or 400 for those with invalid JSON.

    Latency is measured from the time at which a webhook was due. Ctrl-C ends the run and prints the summary so far.
    The token and the HMAC secret come from the settings. Exit codes: 0 all responses were as expected, 1 some were
    not, 69 there was none.

    Examples:

    - `sluice simulate --rate 500 --duration 60`
    - `sluice simulate --mix sent=1 --burst 10` simulates a campaign
    """
    weights = _parse_mix(mix)
    settings = load_settings()
    try:
        target = WebhookTarget(url or f"{ingress_url(settings)}/webhooks")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    traffic = SimulatedTraffic(
        random.randrange(2**32) if seed is None else seed, int(time.time()), mix=weights, duplicates=duplicates
    )
    webhooks = endless(traffic, int(min(rate * burst * duration, MAX_PREPARED)))
    tally, started_at = ResponseTally(), time.monotonic()

    async def run() -> None:
        sender = LoadSender(target, lambda body: auth_headers(settings, body), tally, connections)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sender.stop)
        sending = asyncio.create_task(sender.send(webhooks, schedule(rate, duration, burst)))
        screen = Console(stderr=True)
        with Live(console=screen, transient=True) if screen.is_terminal and not json else nullcontext() as live:
            while not sending.done():
                await asyncio.wait([sending], timeout=_REFRESH_INTERVAL)
                if live is not None:
                    live.update(_table(tally.summary(time.monotonic() - started_at)))
        await sending

    asyncio.run(run())
    summary = tally.summary(time.monotonic() - started_at)
    if json:
        print_json(summary._asdict())
    else:
        Console().print(_table(summary))
    if summary.answers.keys() == {"none"}:
        fail(f"{target.url} does not answer", UNAVAILABLE)
    raise typer.Exit(1 if summary.unexpected else 0)


def _parse_mix(mix: str) -> dict[str, int]:
    """Return the weights by kind. Raises BadParameter."""
    if not mix:
        return dict(MIX)
    weights: dict[str, int] = {}
    for part in mix.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in MIX or not weight.isdecimal():
            raise typer.BadParameter(f"invalid mix {part!r} (use for example message=3; the kinds are {_KINDS})")
        weights[name] = int(weight)
    if not any(weights.values()):
        raise typer.BadParameter("at least one weight of the mix must be above zero")
    return weights


def _table(summary: ResponseSummary) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    answers = ", ".join(f"{code}: {count}" for code, count in summary.answers.items()) or "none yet"
    table.add_row("sent", f"{summary.sent} in {summary.seconds:.1f} s, {summary.rate:.0f} answered per second")
    table.add_row("answers", f"{answers} ({summary.unexpected} unexpected)")
    latency = f"p50 {summary.p50:.1f} ms, p90 {summary.p90:.1f} ms, p99 {summary.p99:.1f} ms, max {summary.max:.1f} ms"
    table.add_row("latency", latency)
    return table
