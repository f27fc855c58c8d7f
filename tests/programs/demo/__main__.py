"""`make demo`."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.programs.demo.keep_running import keep
from tests.programs.demo.sender import Sent, send
from tests.programs.demo.verification import PAGE_DELIVERIES, PAGE_EVENTS, Store, accounts, expected_events
from tests.support.programs import free_port, is_free
from tests.support.stack import Stack, stack
from workers.devtools.simulation import SimulatedTraffic, SimulatedWebhook

_WEBHOOKS = 5000
_SEED = 20
_DRAIN_SECONDS = 120.0
_ROW_SECONDS = 10.0
_CONSOLE = 8001
_PAGE = Path(__file__).parents[2] / "support" / "payloads"

console = Console(width=None if sys.stdout.isatty() else 100)


def main() -> int:
    """Exit code 0 if every event came out once."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="sluice-demo-") as name, _stack(Path(name)) as started:
        console.print(f"Sluice runs at {started.url}: ingress, workers, Valkey, SQLite, and a stand-in media API.\n")
        page = _page_samples(started)
        traffic = SimulatedTraffic(_SEED, int(time.time()))
        webhooks = traffic.webhooks(_WEBHOOKS)
        sent, drained = _run(started, webhooks, page)
        code = _report(started, webhooks, traffic, sent, drained)
        if options.keep:
            keep(started, console)
        elif sys.stdout.isatty():
            console.print(f"\nTo see it in the console, at {started.console}: make demo KEEP=1", highlight=False)
    return code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description="Sluice on this machine, every event accounted for.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    return parser.parse_args()


def _stack(folder: Path) -> AbstractContextManager[Stack]:
    # The console where `make run` has it, so that its address can be named beforehand.
    settings = {"SLUICE_CONSOLE_PORT": str(_CONSOLE if is_free(_CONSOLE) else free_port())}
    return stack(
        folder, SLUICE_HANDLERS="tests.programs.demo.handlers", DEMO_LOG=str(folder / "handled.log"), **settings
    )


def _page_samples(started: Stack) -> int:
    """Posts each sample of the provider's page and shows when its row is there; replies how many."""
    table = Table("sample of the provider's page", "answer", "row after", box=None, pad_edge=False)
    store = Store(started.sqlite)
    samples = sorted(_PAGE.glob("page-*.json"))
    for number, sample in enumerate(samples, 1):
        began = time.perf_counter()
        answer = httpx.post(f"{started.url}/webhooks", content=sample.read_bytes(), trust_env=False)
        while not _has(store, number) and time.perf_counter() - began < _ROW_SECONDS:
            time.sleep(0.002)
        took = f"{(time.perf_counter() - began) * 1000:.0f} ms" if _has(store, number) else "MISSING"
        table.add_row(sample.stem.removeprefix("page-"), str(answer.status_code), took)
    console.print(table)
    return len(samples)


def _has(store: Store, number: int) -> bool:
    try:
        return store.count() >= number
    except Exception:  # noqa: BLE001 - no database before the first event
        return False


def _run(started: Stack, webhooks: list[SimulatedWebhook], before: int) -> tuple[Sent, float]:
    """Sends all, shows how both ends move, and replies how long after the first one the last event was stored."""
    store, wanted = Store(started.sqlite), len(expected_events(webhooks))
    columns = (TextColumn("{task.description:>22}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    began = time.perf_counter()
    result: list[Sent] = []
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        posted = bars.add_task("webhooks acknowledged", total=len(webhooks))
        stored = bars.add_task("events stored", total=wanted)
        sender = threading.Thread(
            target=lambda: result.append(
                asyncio.run(send(started.url, webhooks, lambda n: bars.update(posted, completed=n)))
            )
        )
        sender.start()
        while time.perf_counter() - began < _DRAIN_SECONDS:
            count = store.count() - before
            bars.update(stored, completed=count)
            if not sender.is_alive() and count >= wanted:
                break
            if not sys.stdout.isatty():
                console.print(f"{time.perf_counter() - began:6.1f} s  {count} of {wanted} events stored")
            time.sleep(0.25)
        sender.join()
        drained = time.perf_counter() - began
        while time.perf_counter() - began < _DRAIN_SECONDS and _unsettled(started):
            time.sleep(0.25)
    return result[0], drained


def _unsettled(started: Stack) -> int:
    totals = started.sluice("status")["totals"]
    return int(totals["waiting"] + totals["in_flight"] + totals["retries"])


def _report(
    started: Stack, webhooks: list[SimulatedWebhook], traffic: SimulatedTraffic, sent: Sent, drained: float
) -> int:
    store = Store(started.sqlite)
    expected = expected_events(webhooks) | PAGE_EVENTS
    found = accounts(store, expected, traffic.deliveries | PAGE_DELIVERIES, started.folder / "handled.log")
    table = Table("what came out", "expected", "found", "missing", "doubled", "wrong", box=None, pad_edge=False)
    for account in found:
        table.add_row(*map(str, account))
    answers = ", ".join(f"{n} x {code}" for code, n in sorted(sent.answers.items()))
    centiles = statistics.quantiles(sent.latencies, n=100)
    events = len(expected_events(webhooks))
    totals = started.sluice("status")["totals"]
    rate = f"{len(webhooks) / sent.seconds:.0f}/s, as fast as this sender is"
    console.print(f"\n{len(webhooks)} webhooks in {sent.seconds:.1f} s ({rate}): {answers}")
    console.print(f"answered within {centiles[49] * 1000:.1f} ms (median), {centiles[98] * 1000:.1f} ms (99 of 100)")
    console.print(f"{events} events, all stored {drained:.1f} s after the first webhook ({events / drained:.0f}/s)\n")
    console.print(table)
    console.print(f"\nStill waiting: {totals['waiting'] + totals['retries']}. Dead letters: {totals['dead']}.")
    right = all(account.is_right for account in found) and not sent.unexpected and not any(totals.values())
    if not right:
        end = started.log.read_text()[-2000:]
        console.print(f"NOT RIGHT: {sent.unexpected} unexpected answers; the log's end:\n{end}", markup=False)
        return 1
    console.print("Every event came out once.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
