"""A console with a real Redis and its own SQLite, and browsers. No sampler thread runs: tests call `refresh`."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from ingress.process_stats import ProcessCounters
from shared.settings import Settings
from tests.support.console.browsing import PASSWORD, Visitor
from tests.support.console.scraping import publish_ingress_stats, publish_worker_status
from tests.support.lanes.looking import let_leases_run_out
from workers.console.app import create_app
from workers.console.context import ConsoleContext
from workers.events import Event
from workers.lanes import (
    Completed,
    DeadLettered,
    FollowUp,
    Lanes,
    LaneSpec,
    Outcome,
    Released,
    Rescheduled,
    TakeTimings,
)
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, build_event, decode_entry, encode_entry
from workers.runtime.liveness.worker_status import LISTENING, STALLED
from workers.store import Store

OpenConsole = Callable[..., ConsoleContext]


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    made = Lanes(client)
    specs = [("intake", "intake"), ("text.greet", "messages"), ("text.store", "messages"), ("sent.store", "statuses")]
    made.register(LaneSpec(name, queue, 10, 60_000) for name, queue in specs)
    return made


@pytest.fixture
def settings(client: redis.Redis, redis_url: str, tmp_path: Path) -> Settings:
    return Settings.load(redis_url=redis_url, data_dir=tmp_path / "var", console_password=PASSWORD)


@pytest.fixture
def open_console() -> Iterator[OpenConsole]:
    """Return a function that creates consoles; they are closed at the end."""
    made: list[ConsoleContext] = []

    def opened(settings: Settings) -> ConsoleContext:
        made.append(ConsoleContext(settings))
        return made[-1]

    yield opened
    for console in made:
        console.close()


@pytest.fixture
def console(settings: Settings, open_console: OpenConsole) -> ConsoleContext:
    return open_console(settings)


@pytest.fixture
def store(console: ConsoleContext) -> Store:
    assert console.store is not None
    console.store.create()
    return console.store


@pytest.fixture
def open_browser(console: ConsoleContext) -> Iterator[Callable[..., Visitor]]:
    """Return a function that opens a browser at this console or another."""
    visitors: list[Visitor] = []

    def came(address: str = "127.0.0.1", to: ConsoleContext = console, **headers: str) -> Visitor:
        visitors.append(Visitor(create_app(to.settings, to), address, **headers))
        return visitors[-1]

    yield came
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def operator(open_browser: Callable[..., Visitor], console: ConsoleContext) -> Visitor:
    """A signed-in browser."""
    visitor = open_browser()
    assert visitor.sign_in().status_code == 303
    return visitor


def without_password(settings: Settings) -> Settings:
    return settings.model_copy(update={"console_password": None})


def with_settings(settings: Settings, **changed: object) -> Settings:
    secrets = {name: SecretStr(value) if isinstance(value, str) else value for name, value in changed.items()}
    return settings.model_copy(update=secrets)


def entry(
    text: str = "hello", customer: str = "919812345678", wamid: str = "wamid.1", name: str = "Asha", **about: Any
) -> bytes:
    """Return the lane entry of a message, by default a text."""
    body = {"from": customer, "id": wamid, "timestamp": "1767250837", "type": "text", "text": {"body": text}, **about}
    contact = {"profile": {"name": name}, "wa_id": customer}
    item = RawEvent("message", body["type"], f"m:{body['type']}:{wamid}", body, contact)
    return encode_entry(EventEntry(item, "00ff", round(time.time() * 1000)))


def message(*arguments: Any, **about: Any) -> Event:
    """Return the event of such an entry, as a handler receives it."""
    return build_event(decode_entry(entry(*arguments, **about)), 1)


def add_dead_letter(
    lanes: Lanes, lane: str, data: bytes, error: str = "ValueError: boom", why: str = "exhausted"
) -> str:
    """Create a dead letter and return its name, LANE/ID."""
    lanes.push(lane, [data])
    (taken,) = lanes.take(lane, "test", 1)
    lanes.settle(lane, [(taken.id, DeadLettered(why, error, f"Traceback\n  File x\n{error}"))])
    found: Any = lanes.client.xrevrange(f"sluice:lane:{lane}:dead", count=1)
    return f"{lane}/{found[0][0].decode()}"


@pytest.fixture
def busy_system(lanes: Lanes, client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """A system in which everything has happened at least once."""
    events = (FollowUp(b"a", b"", ("text.greet",)), FollowUp(b"a", b"", ("text.greet",)))
    lanes.push("intake", [b"webhook"])
    [webhook] = lanes.take("intake", "w", 1)
    lanes.settle("intake", [(webhook.id, Completed(events))])
    lanes.push("text.greet", [entry()] * 6)
    taken = lanes.take("text.greet", "w", 6)
    verdicts: list[Outcome] = [
        Completed(),
        Completed(),
        Rescheduled(60.0, "why"),
        DeadLettered("rejected", "no"),
        Released(),
    ]
    measures = TakeTimings()
    measures.record_call(0.003)
    for _ in range(2):
        measures.record_completed(time.time() - 0.3)
    lanes.settle(
        "text.greet", [(each.id, verdict) for each, verdict in zip(taken, verdicts, strict=False)], timings=measures
    )
    let_leases_run_out(client, "text.greet")
    lanes.run_maintenance(["text.greet"])
    tally = ProcessCounters()
    tally.responses[200] += 3
    tally.push_seconds.record(0.002)
    tally.group_sizes.record(3)
    publish_ingress_stats(redis_url, tmp_path / "spool", tally)
    publish_worker_status(client, "one", LISTENING, "intake", "messages")
    publish_worker_status(client, "two", STALLED, "statuses")
