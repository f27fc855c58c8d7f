"""The store's limit: the rows of the same events, known beforehand, by multi-row upserts over two connections.

The statements are Sluice's own (an array a column, `unnest`, with its merge rules), for these rules are what the tables
are about. Classification, typing and folding are done before the clock starts; transactions are as large as was found
best.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier

from shared.wire import lenient_json
from workers.events import Event
from workers.parsing import split_webhook, to_event
from workers.store.engine import begin_write, open_engine
from workers.store.write.rows import Rows, rows_of
from workers.store.write.statements import write_rows

_BATCH_SIZE = 2_000  # events in a transaction


def batches(bodies: Sequence[bytes], at_once: int = _BATCH_SIZE) -> list[Rows]:
    """The rows of the bodies' events, a transaction each."""
    made, batch = [], list[Event]()
    for found in _events(bodies):
        batch.append(found)
        if len(batch) == at_once:
            made.append(rows_of(batch))
            batch = []
    return made + ([rows_of(batch)] if batch else [])


def _events(bodies: Sequence[bytes]) -> Iterator[Event]:
    now = datetime.now(UTC)
    for body in bodies:
        for item in split_webhook(lenient_json.loads(body)):
            yield to_event(item, received_at=now, receipt="0")


def insert(database: str, prepared: Sequence[Rows], connections: int) -> float:
    """Writes all of it; replies the seconds that took, connecting not counted."""
    context = multiprocessing.get_context("fork")  # so that the children have the rows
    barrier = context.Barrier(connections + 1)
    children = [
        context.Process(target=_write, args=(database, prepared[number::connections], barrier))
        for number in range(connections)
    ]
    for child in children:
        child.start()
    barrier.wait(60)
    began = time.perf_counter()
    for child in children:
        child.join()
    took = time.perf_counter() - began
    if any(child.exitcode for child in children):
        raise SystemExit("a bulk insert failed")
    return took


def _write(database: str, prepared: Sequence[Rows], barrier: Barrier) -> None:
    engine = open_engine(database, 60.0)
    with engine.connect():
        pass
    barrier.wait(60)
    for batch in prepared:
        with engine.begin() as connection:
            begin_write(connection)
            write_rows(connection, batch)
    engine.dispose()
