"""The work of the intake lanes: webhooks are classified, and each event goes to the lanes that it is for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from shared.wire import receipt as receipts
from shared.wire.receipt import InvalidReceipt, Receipt
from workers.handlers.retry import describe, traceback_text
from workers.lanes import Completed, DeadLettered, FollowUp, Outcome, TakenEntry, TakeTimings
from workers.parsing import RawEvent, count_events, split_webhook, unknown_document
from workers.runtime.event_entry import EventEntry, encode_entry
from workers.runtime.steps.base import Outcomes

#: Items of one webhook that become events of their own. Real ones hold up to 1,000; one with more is kept whole.
MAX_EVENTS = 5000
_WORTH_COUNTING = 2 * MAX_EVENTS  # bytes: an item has two at least


class ClassifyStep:
    """`lanes`: the handlers' lanes of each event type. `media_lane`: where events with media go first, if anywhere."""

    def __init__(self, lanes: Mapping[str, tuple[str, ...]], media_lane: str | None) -> None:
        self._lanes = lanes
        self._media = (media_lane,) if media_lane else ()

    def run(
        self,
        entries: Sequence[TakenEntry],
        out_of_time: Callable[[], bool],  # noqa: ARG002 - it never waits
        timings: TakeTimings,
    ) -> Outcomes:
        """Classifies; see Work."""
        return [(entry.id, self._classify(entry.data, timings)) for entry in entries]

    def _classify(self, data: bytes, timings: TakeTimings) -> Outcome:
        try:
            receipt = receipts.unpack(data)
            items = _items(receipt.body)
            following = tuple(self._next(item, receipt) for item in items)
        except (InvalidReceipt, InvalidJSON) as error:
            return DeadLettered("undecodable", str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours, or nesting too deep: its neighbours must go on
            return DeadLettered("unclassifiable", describe(error), traceback_text(error))
        timings.record_completed(receipt.received_ms / 1000)
        return Completed(following)

    def _next(self, item: RawEvent, receipt: Receipt) -> FollowUp:
        lanes = self._lanes.get(item.type, ())
        if item.media_id and lanes:
            lanes = self._media or lanes
        entry = EventEntry(item, receipt.id, receipt.received_ms, trace=receipt.trace)
        return FollowUp(dedupe_key(item.key), encode_entry(entry), lanes)


def _items(body: bytes) -> list[RawEvent]:
    document = lenient_json.loads(body)
    # Three million bytes can hold a million items: each would become an entry many times its size, all in one script.
    if len(body) > _WORTH_COUNTING and count_events(document) > MAX_EVENTS:
        return [unknown_document(document, f"more than {MAX_EVENTS} items in one webhook")]
    return split_webhook(document)


def dedupe_key(key: str) -> bytes:
    """What stands for an idempotency key in Redis: 16 bytes whatever its length, as there are many of them."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
