"""The work of the intake lanes: webhooks are classified, and each event goes to the lanes that it is for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from shared.errors import NotJSON
from shared.wire import lenient_json
from shared.wire import receipt as receipts
from shared.wire.receipt import BadReceipt, Receipt
from workers.handlers.retry import describe, trace
from workers.lanes import Dead, Done, Measures, Next, Taken, Verdict
from workers.parsing import Item, count, split, whole
from workers.runtime.event_entry import Entry, pack
from workers.runtime.steps.base import Verdicts

#: Items of one webhook that become events of their own. Real ones hold up to 1,000; one with more is kept whole.
MOST_ITEMS = 5000
_WORTH_COUNTING = 2 * MOST_ITEMS  # bytes: an item has two at least


class IntakeWork:
    """`lanes`: the handlers' lanes of each event type. `media_lane`: where events with media go first, if anywhere."""

    def __init__(self, lanes: Mapping[str, tuple[str, ...]], media_lane: str | None) -> None:
        self._lanes = lanes
        self._media = (media_lane,) if media_lane else ()

    def run(
        self,
        entries: Sequence[Taken],
        spent: Callable[[], bool],  # noqa: ARG002 - it never waits
        measures: Measures,
    ) -> Verdicts:
        """Classifies; see Work."""
        return [(entry.id, self._classify(entry.data, measures)) for entry in entries]

    def _classify(self, data: bytes, measures: Measures) -> Verdict:
        try:
            receipt = receipts.unpack(data)
            items = _items(receipt.body)
            following = tuple(self._next(item, receipt) for item in items)
        except (BadReceipt, NotJSON) as error:
            return Dead("undecodable", str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours, or nesting too deep: its neighbours must go on
            return Dead("unclassifiable", describe(error), trace(error))
        measures.done(receipt.received_ms / 1000)
        return Done(following)

    def _next(self, item: Item, receipt: Receipt) -> Next:
        lanes = self._lanes.get(item.type, ())
        if item.media_id and lanes:
            lanes = self._media or lanes
        entry = Entry(item, receipt.id, receipt.received_ms, trace=receipt.trace)
        return Next(dedupe_key(item.key), pack(entry), lanes)


def _items(body: bytes) -> list[Item]:
    document = lenient_json.loads(body)
    # Three million bytes can hold a million items: each would become an entry many times its size, all in one script.
    if len(body) > _WORTH_COUNTING and count(document) > MOST_ITEMS:
        return [whole(document, f"more than {MOST_ITEMS} items in one webhook")]
    return split(document)


def dedupe_key(key: str) -> bytes:
    """What stands for an idempotency key in Redis: 16 bytes whatever its length, as there are many of them."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
