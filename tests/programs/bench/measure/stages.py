"""Where an event's microseconds go: each stage of its way alone, in one process, by the CPU it takes.

The best of several rounds: other work on the machine can only add to a stage, never take from it.
"""

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from shared.lanes.intake import INTAKE_STATUSES, lane_of
from shared.lanes.keys import stream_key
from shared.wire import lenient_json
from shared.wire import receipt as receipts
from shared.wire.receipt import ReceiptWriter
from tests.programs.bench import rows as tables
from tests.programs.bench.broker import broker
from tests.programs.bench.commandstats import called_by_scripts, spent_us
from tests.programs.bench.context import OTHER_CORE, Context
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.traffic import some_statuses
from workers.events import TYPES
from workers.lanes import Completed, Lanes, LaneSpec, Outcome, TakeTimings
from workers.parsing import split_webhook
from workers.runtime.event_entry import EventEntry, build_event, decode_entry, encode_entry
from workers.runtime.steps.classify import ClassifyStep, dedupe_key
from workers.store import Store
from workers.store.write.rows import rows_of
from workers.store.write.statements import write_rows

_BATCH, _ROUNDS = 500, 9
_GROUP = 64  # webhooks in a push, as from 64 connections
_LANES = {kind: (f"{kind}.store",) for kind in TYPES}
_STORES = tuple(f"{kind}.store" for kind in ("sent", "delivered", "read"))
_T = TypeVar("_T")


class _Stages:
    """The least that each stage took in any round, in µs per event."""

    def __init__(self) -> None:
        self._found: dict[str, list[float]] = {}

    def note(self, stage: str, microseconds: float, events: int) -> None:
        self._found.setdefault(stage, []).append(microseconds / events)

    def run(self, stage: str, events: int, call: Callable[[], _T]) -> _T:
        began = time.process_time()
        result = call()
        self.note(stage, (time.process_time() - began) * 1e6, events)
        return result

    def ask(self, what: str, events: int, lanes: Lanes, call: Callable[[], _T]) -> _T:
        """What asks Redis: its commands' time, and the CPU on this side."""
        lanes.client.config_resetstat()
        result = self.run(f"{what}: client's side", events, call)
        self.note(f"{what}: Redis", spent_us(lanes.client.info("commandstats"), called_by_scripts()), events)
        return result

    def series(self) -> tuple[Series, ...]:
        best = {stage: min(values) for stage, values in self._found.items()}
        best["all of these"] = sum(best.values())
        return tuple(Series(stage, "µs per event", (value,)) for stage, value in best.items())


def measure(context: Context) -> Measured:
    """Campaign statuses, one a webhook, in batches of 500."""
    bodies = some_statuses(_BATCH * _ROUNDS)
    stages = _Stages()
    gc.collect()
    gc.freeze()  # as a worker does, see workers/runtime/celery/application.py
    tables.empty(context.database)
    store = Store(context.database)
    try:
        with broker(OTHER_CORE) as redis:
            lanes = Lanes(redis.client)
            lanes.register([LaneSpec(name, "statuses", 125, 60_000) for name in (INTAKE_STATUSES, *_STORES)])
            for number in range(_ROUNDS):
                batch = bodies[number * _BATCH : (number + 1) * _BATCH]
                _take_in(stages, lanes, batch)
                _classify(stages, lanes)
                for lane in _STORES:
                    _handle(stages, lanes, store, lane)
    finally:
        store.close()
        gc.unfreeze()
    return Measured("where an event's microseconds go: CPU of each stage alone", stages.series(), {})


def _take_in(stages: _Stages, lanes: Lanes, bodies: Sequence[bytes]) -> None:
    writer, now = ReceiptWriter(), time.time_ns() // 1_000_000
    stages.run("JSON checked, lane chosen", _BATCH, lambda: [lane_of(lenient_json.validate(b), len(b)) for b in bodies])
    made = stages.run("receipt", _BATCH, lambda: [writer.pack(body, now)[1] for body in bodies])
    for start in range(0, len(made), _GROUP):
        _push(stages, lanes, made[start : start + _GROUP])


def _push(stages: _Stages, lanes: Lanes, group: list[bytes]) -> None:
    stages.ask("push", len(group), lanes, lambda: lanes.push(INTAKE_STATUSES, group))


def _classify(stages: _Stages, lanes: Lanes) -> None:
    taken = stages.ask("take webhooks", _BATCH, lanes, lambda: lanes.take(INTAKE_STATUSES, "bench", _BATCH))
    found = [receipts.unpack(entry.data) for entry in taken]
    documents = stages.run("webhook: parsed", _BATCH, lambda: [lenient_json.loads(each.body) for each in found])
    items = stages.run(
        "webhook: split into events", _BATCH, lambda: [split_webhook(document) for document in documents]
    )
    flat = [(item, receipt) for each, receipt in zip(items, found, strict=True) for item in each]
    stages.run("event: dedupe key", _BATCH, lambda: [dedupe_key(item.key) for item, _ in flat])
    stages.run("event: packed", _BATCH, lambda: [encode_entry(EventEntry(i, r.id, r.received_ms)) for i, r in flat])
    measures = TakeTimings()
    verdicts = ClassifyStep(_LANES, None).run(taken, lambda: False, measures)
    settle = partial(lanes.settle, INTAKE_STATUSES, verdicts, timings=measures)
    stages.ask("settle webhooks, claim, add events", _BATCH, lanes, settle)


def _handle(stages: _Stages, lanes: Lanes, store: Store, lane: str) -> None:
    count = lanes.client.xlen(stream_key(lane))
    taken = stages.ask("take events", count, lanes, lambda: lanes.take(lane, "bench", _BATCH))
    entries = stages.run("event: parsed", count, lambda: [decode_entry(each.data) for each in taken])
    events = stages.run("event: typed", count, lambda: [build_event(entry, 1) for entry in entries])
    made = stages.run("event: rows", count, lambda: rows_of(events))
    with store.writing() as connection:
        stages.run("SQL: client's side", count, lambda: write_rows(connection, made))
    done: list[tuple[bytes, Outcome]] = [(entry.id, Completed()) for entry in taken]
    measures = TakeTimings()
    measures.record_call(0.01)
    for event in events:
        measures.record_completed(event.received_at.timestamp())
    stages.ask("settle events", count, lanes, partial(lanes.settle, lane, done, timings=measures))
