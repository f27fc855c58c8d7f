"""A run: a real ingress and a real Redis, mutated webhooks, and what became of them."""

import asyncio
import re
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import uvloop

from tests.programs.hostile.bodies import described
from tests.programs.hostile.connection import CLOSED, SILENT, Connection, Outcome
from tests.programs.hostile.reader import Found, Reader, reading
from tests.programs.hostile.requests import TOKEN, Attempt, attempt, large
from tests.support.ingress.processes import Ingress, ingress
from tests.support.valkey import valkey

_CONNECTIONS = 32
_MAX_WAITING = 20_000  # webhooks in Redis: beyond that sending rests
_LARGEST = 3 * 1024 * 1024
#: Large webhooks, many at once, before the others: from then on the ingress has the memory that they take.
WARM_UP = 5 * _CONNECTIONS
#: What may be said to a webhook that is as it should be but for its body, and to one that is not.
_TO_BODIES = {200, 400, 413}
_TO_HEADS = _TO_BODIES | {401, 404, 405, 431}


class Report(NamedTuple):
    """What was found."""

    sent: int
    outcomes: Counter[tuple[str, Outcome]]  # by the attempt's kind
    wrong: list[str]  # what must never happen
    memory: dict[int, float]  # MiB of the ingress, by percent of the run
    seconds: float
    accepted: int
    found: Found


def run(bodies: int, seed: int, *, every: int = 1) -> Report:
    """Send `bodies` requests, and classify one of `every` accepted webhooks."""
    with ExitStack() as stack:
        url = stack.enter_context(valkey(save="", appendonly="no", maxmemory="1gb"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-hostile-")))
        running = stack.enter_context(ingress(folder, redis_url=url, webhook_token=TOKEN))
        reader = stack.enter_context(reading(url, every))
        sender = _Sender(bodies, seed, running, reader)
        began = time.monotonic()
        uvloop.run(sender.send())
        seconds = time.monotonic() - began
        found = reader.finish()
        wrong = sender.wrong + differences(sender, found) + _logged(running)
    return Report(sender.sent, sender.outcomes, wrong, sender.memory, seconds, sender.accepted, found)


class _Sender:
    def __init__(self, bodies: int, seed: int, running: Ingress, reader: Reader) -> None:
        self._bodies = bodies
        self._seed = seed
        self._running = running
        self._reader = reader
        self._warming = 0
        self.sent = self.accepted = self.checksum = 0
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.wrong: list[str] = []
        self.memory: dict[int, float] = {}
        self._marks = {max(1, bodies * percent // 100): percent for percent in (10, 50, 100)}

    async def send(self) -> None:
        """All of them."""
        connections = [Connection(self._running.port, self._take, self._done) for _ in range(_CONNECTIONS)]
        for connection in connections:
            connection.start()
        await asyncio.gather(*[connection.over for connection in connections])

    def _take(self) -> Attempt | None:
        if self._warming < WARM_UP:
            self._warming += 1
            return large(self._seed, self._warming)
        if self.sent >= self._bodies:
            return None
        while self.accepted - self._reader.read.value > _MAX_WAITING:
            time.sleep(0.01)  # everything waits, on purpose
        self.sent += 1
        if self.sent in self._marks:
            self.memory[self._marks[self.sent]] = _memory(self._running)
        return attempt(self._seed, self.sent)

    def _done(self, done: Attempt, outcome: Outcome, answer: bytes) -> None:
        self.outcomes[done.kind, outcome] += 1
        if outcome == 200 and b'{"receipt":' in answer:
            self.accepted += 1
            self.checksum += crc32(done.body)
        if not is_right(done, outcome) and len(self.wrong) < 100:
            self.wrong.append(f"{outcome} for {done.kind} {described(done.raw)}: {answer[:300]!r}")


def is_right(done: Attempt, outcome: Outcome) -> bool:
    if outcome == CLOSED and len(done.body) > _LARGEST:
        return True  # it is answered 413 and closed before it is read; the answer may be lost on the way
    if done.kind == "body":
        return outcome in _TO_BODIES
    if done.kind == "head":
        return outcome in _TO_HEADS
    return outcome in {CLOSED, SILENT} or (isinstance(outcome, int) and outcome < 500)


def differences(sender: _Sender, found: Found) -> list[str]:
    wrong = found.faults[:100]
    if (found.receipts, found.checksum) != (sender.accepted, sender.checksum):
        wrong.append(f"{sender.accepted} were accepted and {found.receipts} came out, or not as they went in")
    if found.events < found.classified:
        wrong.append(f"{found.classified} webhooks became no more than {found.events} events")
    return wrong


def _logged(running: Ingress) -> list[str]:
    """Lines of the log that there should not be: faults of the server; more than a few of anything."""
    text = running.program.output
    wrong = [line for line in text.splitlines() if '"level": "error"' in line or "Traceback" in line]
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text) or TOKEN in text:
        wrong.append("the log holds control characters, or the token")
    if text.count("\n") > 2000:
        wrong.append(f"the log has {text.count(chr(10))} lines")
    return wrong


def _memory(running: Ingress) -> float:
    text = Path(f"/proc/{running.program.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1024
