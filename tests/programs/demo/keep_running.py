"""`make demo KEEP=1`: after the verification everything keeps running, with a little traffic, until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from types import FrameType

import httpx
import orjson
from rich.console import Console

from tests.support.stack import Stack
from workers.devtools.simulation import SimulatedTraffic

_EVERY = 0.2  # seconds between two webhooks
_BATCH_SIZE = 50


def keep(started: Stack, console: Console) -> None:
    """Says where everything is, and returns when somebody wants an end."""
    console.print(f"\nThe console: [bold]{started.console}[/bold]  (Ctrl-C ends everything)", highlight=False)
    console.print(f"Webhooks go to {started.url}/webhooks; some go on coming, so that there is something to see.")
    with _until_stopped(), httpx.Client(base_url=started.url, trust_env=False, timeout=30) as client:
        for number in range(3):
            _post(client, _unwanted(number))
        for seed in count(1):
            for webhook in SimulatedTraffic(seed, round(time.time())).webhooks(_BATCH_SIZE):
                _post(client, webhook.body)
                time.sleep(_EVERY)
    console.print("\nStopping.")


def _unwanted(number: int) -> bytes:
    """A message that the demo's handler rejects: something among the dead letters."""
    message = {"from": f"91980000000{number}", "id": f"wamid.DEMO.{number}", "timestamp": str(round(time.time()))}
    return orjson.dumps({"messages": message | {"type": "text", "text": {"body": "STOP"}}, "id": f"demo-{number}"})


def _post(client: httpx.Client, body: bytes) -> None:
    with suppress(httpx.HTTPError):  # Ctrl-C reaches the ingress as well, and may do so first
        client.post("/webhooks", content=body)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Until Ctrl-C, also where the shell that started this ignores it, or SIGTERM."""
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
