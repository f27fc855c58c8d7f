"""Parsing: from a webhook's JSON to its events, in two steps.

    split_webhook   envelopes.py       a webhook's document, in any of its forms → RawEvents
                    raw_event.py       RawEvent: one event, classified, with its part of the payload as it came
                    idempotency_key.py which raw events are the same event
                    addresses.py       who sent a message, and to whom a status belongs
    to_event        to_event.py        RawEvent → an instance of its event class
                    messages.py, statuses.py, common_fields.py   the classes' fields
                    coerce.py          lenient readers of single values

Both steps are total: for any JSON value they raise nothing and drop nothing.
"""

from workers.parsing.envelopes import count_events, split_webhook, unknown_document
from workers.parsing.raw_event import RawEvent
from workers.parsing.to_event import to_event

__all__ = ["RawEvent", "count_events", "split_webhook", "to_event", "unknown_document"]
