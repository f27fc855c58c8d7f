"""Conditions that find the events of a message by their keys.

A key starts with what the event is about (see workers.parsing.idempotency_key). The primary key, which is sorted, can
therefore replace an index on `wamid`, which every event would have to pay for.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, or_

from workers.events import MESSAGE_TYPES, UNKNOWN
from workers.store.schema.tables import events

#: Characters; a longer id is truncated in its keys.
_MAX_LENGTH = 200
_QUOTES = frozenset("'\"\\")


def is_plain(wamid: str) -> bool:
    """Return whether keys contain the id unchanged, which is true for all ids seen so far."""
    return len(wamid) <= _MAX_LENGTH and wamid.isascii() and wamid.isprintable() and not _QUOTES & set(wamid)


def message_and_status_events(wamid: str) -> ColumnElement[bool]:
    """Return the condition for the events that are this message or its statuses."""
    own = events.c.wamid == wamid
    if not is_plain(wamid):
        return own
    return and_(or_(_message_keys(wamid), starts_with(f"s:{wamid}:")), own)


def status_events(wamids: Iterable[str], customer: str) -> ColumnElement[bool]:
    """Return the condition for the statuses of these messages to that customer."""
    ranges: list[ColumnElement[bool]] = []
    not_plain: list[str] = []
    for wamid in wamids:
        if is_plain(wamid):
            ranges.append(starts_with(f"s:{wamid}:"))
        else:
            not_plain.append(wamid)
    if not_plain:
        ranges.append(events.c.wamid.in_(not_plain))
    return and_(or_(*ranges), events.c.customer == customer, events.c.kind == "status")


def message_event(wamid: str, type_: str) -> ColumnElement[bool]:
    """Return the condition for the event that is this message of that type."""
    own = and_(events.c.wamid == wamid, events.c.kind == "message", events.c.type == type_)
    return and_(_message_key(wamid, type_), own) if is_plain(wamid) else own


def _message_keys(wamid: str) -> ColumnElement[bool]:
    types = sorted({*MESSAGE_TYPES, UNKNOWN})
    if wamid.startswith("wamid."):
        return events.c.key.in_([f"m:{type_}:{wamid}" for type_ in types])
    return or_(*(_message_key(wamid, type_) for type_ in types))


def _message_key(wamid: str, type_: str) -> ColumnElement[bool]:
    key = f"m:{type_}:{wamid}"
    # In a key, any other id is followed by its sender (an @ within the id is escaped).
    return events.c.key == key if wamid.startswith("wamid.") else or_(starts_with(f"{key}@"), starts_with(f"{key}:"))


def starts_with(prefix: str) -> ColumnElement[bool]:
    """Return the condition as a range; databases differ in when they use an index for LIKE."""
    return and_(events.c.key >= prefix, events.c.key < prefix[:-1] + chr(ord(prefix[-1]) + 1))
