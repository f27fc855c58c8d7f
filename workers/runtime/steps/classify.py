"""The step of the intake lanes: split each webhook into events and send each event to the lanes of its handlers."""

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

#: Events of one webhook that are handled one by one. Real webhooks hold up to 1,000; one with more is kept whole.
MAX_EVENTS = 5000
_WORTH_COUNTING = 2 * MAX_EVENTS  # bytes: an event has two at least


class ClassifyStep:
    """Classifies webhooks.

    `lanes`: the lanes of each event type's handlers. `media_lane`: where events with media go first, None to skip it.
    """

    def __init__(self, lanes: Mapping[str, tuple[str, ...]], media_lane: str | None) -> None:
        self._lanes = lanes
        self._media_lanes = (media_lane,) if media_lane else ()

    def run(
        self,
        entries: Sequence[TakenEntry],
        out_of_time: Callable[[], bool],  # noqa: ARG002 - it never waits
        timings: TakeTimings,
    ) -> Outcomes:
        """Classify each entry; see Step."""
        return [(entry.id, self._classify(entry.data, timings)) for entry in entries]

    def _classify(self, data: bytes, timings: TakeTimings) -> Outcome:
        try:
            receipt = receipts.unpack(data)
            follow_ups = tuple(self._follow_up(event, receipt) for event in split_body(receipt.body))
        except (InvalidReceipt, InvalidJSON) as error:
            return DeadLettered("undecodable", str(error))
        except Exception as error:  # noqa: BLE001 - a bug of ours, or too deep nesting: the other entries must go on
            return DeadLettered("unclassifiable", describe(error), traceback_text(error))
        timings.record_completed(receipt.received_ms / 1000)
        return Completed(follow_ups)

    def _follow_up(self, event: RawEvent, receipt: Receipt) -> FollowUp:
        lanes = self._lanes.get(event.type, ())
        if event.media_id and lanes:
            lanes = self._media_lanes or lanes
        entry = EventEntry(event, receipt.id, receipt.received_ms, trace=receipt.trace)
        return FollowUp(dedupe_key(event.key), encode_entry(entry), lanes)


def split_body(body: bytes) -> list[RawEvent]:
    """Return the events of a webhook's body; a single unknown one if there are too many. Raises InvalidJSON."""
    document = lenient_json.loads(body)
    # Three million bytes can hold a million events. Each would become an entry many times its size, in one script.
    if len(body) > _WORTH_COUNTING and count_events(document) > MAX_EVENTS:
        return [unknown_document(document, f"more than {MAX_EVENTS} events in one webhook")]
    return split_webhook(document)


def dedupe_key(key: str) -> bytes:
    """Return the form of an idempotency key in Redis: always 16 bytes, since Redis holds many of them."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
