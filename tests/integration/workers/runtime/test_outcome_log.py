"""What goes wrong with an event is one line of the log, and that line leads to the event; so do its handler's own."""

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.errors import Reject, Retry
from shared.wire.receipt import ReceiptWriter
from tests.support.lanes.looking import let_leases_run_out, spec
from tests.support.log import Log
from tests.support.programs import ROOT
from tests.support.runtime.celery_worker import celery, post
from tests.support.runtime.entries import entry
from tests.support.waiting import until
from workers.handlers.registry import Handler
from workers.lanes import Lanes
from workers.lanes.client import MAX_DEATHS
from workers.runtime.drain import Drain
from workers.runtime.maintenance import LaneMaintenance
from workers.runtime.steps.base import Step
from workers.runtime.steps.classify import ClassifyStep
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.wiring import observers

LANE = "text.f"


def _drain(lanes: Lanes, work: Step, lane: str = LANE) -> None:
    lanes.register([spec(lane)])
    Drain(lane, lanes, work, "a", batch=100, budget=1.0, observers=observers(lanes), clock=lambda: 0.0).run()


def _handling(function: Any, **policy: Any) -> RunHandlerStep:
    return RunHandlerStep(Handler("text", "f", function, False, Retry(**policy), "work", 30.0))


def test_dead_letters_of_a_take_are_one_line_with_the_last_ones_names(lanes: Lanes, log: Log) -> None:
    def refuse(_event: object) -> None:
        raise Reject("not ours")

    lanes.push(LANE, [entry(1), entry(2)])
    _drain(lanes, _handling(refuse))
    names = {"lane": LANE, "handler": "f", "attempt": 1, "receipt": "receipt", "event_key": "m:text:wamid.2"}
    assert log.take() == [
        ("error", "events became dead letters", {"events": 2, "why": "rejected", "error": "not ours"} | names)
    ]


def test_a_webhook_that_cannot_be_classified_is_named_by_its_receipt(lanes: Lanes, log: Log) -> None:
    receipt, packed = ReceiptWriter().pack(b"no JSON", 1)
    lanes.push("intake", [packed])
    _drain(lanes, ClassifyStep({}, None), "intake")
    [(_, _, fields)] = log.take()
    assert (fields["receipt"], fields["lane"], fields["attempt"]) == (receipt, "intake", 1)
    assert "handler" not in fields


def test_bytes_that_are_no_entry_are_reported_by_their_lane(lanes: Lanes, log: Log) -> None:
    lanes.push(LANE, [b"junk"])
    _drain(lanes, _handling(len))
    [(_, _, fields)] = log.take()
    assert (fields["lane"], fields["why"]) == (LANE, "undecodable")
    assert "receipt" not in fields


def test_a_breaker_that_opens_names_the_event_that_failed_last(lanes: Lanes, log: Log) -> None:
    lanes.push(LANE, [entry(number) for number in range(20)])
    lanes.register([spec(LANE)])
    for number in range(3):
        failing = _handling(lambda _event: 1 / 0, attempts=9, base=0.0, cap=0.0)
        Drain(LANE, lanes, failing, "a", batch=100, budget=1.0, observers=observers(lanes), clock=lambda: 0.0).run()
        lanes.run_maintenance([LANE])
        assert number < 2 or log.lines
    [(_, event, fields)] = log.take()
    assert "circuit breaker opened" in event
    assert (fields["receipt"], fields["lane"], fields["handler"]) == ("receipt", LANE, "f")
    assert fields["event_key"].startswith("m:text:wamid.")
    assert fields["attempt"] > 1


def test_an_event_that_kills_its_processes_is_named_too(lanes: Lanes, client: redis.Redis, log: Log) -> None:
    lanes.push(LANE, [entry(7)])
    ticker = LaneMaintenance(lambda: lanes, [spec(LANE)])
    ticker()
    for _ in range(MAX_DEATHS):
        assert lanes.take(LANE, "a", 1) or lanes.take_suspect(LANE, "a")
        let_leases_run_out(client, LANE)
        client.delete("sluice:tick")
        ticker()
    [(event, fields)] = [(line.event, line.values) for line in log.take() if line.level == "error"]
    assert (event, fields["why"], fields["events"]) == ("events became dead letters", "poison", 1)
    assert (fields["event_key"], fields["receipt"], fields["attempt"]) == ("m:text:wamid.7", "receipt", 1)


_HANDLERS = """
import logging
import structlog
from workers.handlers import handler

@handler("text")
def speak(event):
    structlog.get_logger("mine").warning("one", attempt="my own")
    logging.getLogger("theirs").warning("two of %s", event.text)
    with structlog.contextvars.bound_contextvars(order=7):
        logging.getLogger("theirs").warning("three")

@handler("text", batch=True)
def listen(events):
    logging.getLogger("theirs").warning("four")
"""


@pytest.mark.parametrize(
    "pool", ["prefork", pytest.param("threads", marks=pytest.mark.long), pytest.param("solo", marks=pytest.mark.long)]
)
def test_what_a_handler_logs_bears_the_names_of_its_event(
    lanes: Lanes, redis_url: str, tmp_path: Path, pool: str
) -> None:
    (tmp_path / "speaking.py").write_text(_HANDLERS)
    path = f"{tmp_path}:{ROOT}"
    with celery(redis_url, tmp_path, "--pool", pool, "-c", "1", handlers="speaking", PYTHONPATH=path):
        post(lanes, "hello 919812345678")
        said = until(lambda: _said(tmp_path, 4), within=20)
    assert {line["lane"] for line in said.values()} == {"text.speak", "text.listen"}
    for event in ("one", "two of hello 9198\u2026678", "three", "four"):
        line = said[event]
        assert line["handler"] == line["lane"].removeprefix("text.")
        assert line["event_key"] == "m:text:wamid.0.hello 9198\u2026678"
        assert len(line["receipt"]) == 24
        assert line["attempt"] == ("my own" if event == "one" else 1)
    assert said["three"]["order"] == 7
    assert "order" not in said["four"]


def _said(folder: Path, lines: int) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in (folder / "log").read_text().splitlines() if line.startswith("{")]
    said = {line["event"]: line for line in found if line.get("logger") in {"mine", "theirs"}}
    return said if len(said) == lines else {}
