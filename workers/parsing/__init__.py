"""Payloads: from one webhook's JSON to its events.

    envelopes   split: one document → its items, whatever shape it has
    items       Item: one event before it is typed
    keys        what makes two items the same event
    parties     whom a message is from and a status is about
    typed       event: one item → its event class, by way of messages, media and statuses
    parts       what the event classes share
    fields      lenient readers of single values

Both `split` and `event` are total: whatever JSON value they are given, they raise nothing and drop nothing.
"""

from workers.parsing.envelopes import count_events, split_webhook, unknown_document
from workers.parsing.raw_event import RawEvent
from workers.parsing.to_event import to_event

__all__ = ["RawEvent", "count_events", "split_webhook", "to_event", "unknown_document"]
