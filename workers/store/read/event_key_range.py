"""The events of one message, found by their keys.

A key begins with what it is about (see workers.parsing.idempotency_key), and keys are sorted already: so the
primary key answers what a further index on `wamid` would, which would be paid for with every event.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, or_

from workers.events import MESSAGE_TYPES, UNKNOWN
from workers.store.schema.tables import events

#: Characters. A longer id is cut in its keys.
_MAX_LENGTH = 200
_QUOTES = frozenset("'\"\\")


def is_plain(wamid: str) -> bool:
    """Whether the id stands in its keys as it is. All that were ever seen do."""
    return len(wamid) <= _MAX_LENGTH and wamid.isascii() and wamid.isprintable() and not _QUOTES & set(wamid)


def of_message(wamid: str) -> ColumnElement[bool]:
    """The events that are this message or its statuses."""
    own = events.c.wamid == wamid
    if not is_plain(wamid):
        return own
    return and_(or_(_messages(wamid), begins(f"s:{wamid}:")), own)


def statuses_of(wamids: Iterable[str], customer: str) -> ColumnElement[bool]:
    """The statuses of these messages to that customer."""
    ranges: list[ColumnElement[bool]] = []
    odd: list[str] = []
    for wamid in wamids:
        if is_plain(wamid):
            ranges.append(begins(f"s:{wamid}:"))
        else:
            odd.append(wamid)
    if odd:
        ranges.append(events.c.wamid.in_(odd))
    return and_(or_(*ranges), events.c.customer == customer, events.c.kind == "status")


def message_of(wamid: str, type_: str) -> ColumnElement[bool]:
    """The event that is this message, of that type."""
    own = and_(events.c.wamid == wamid, events.c.kind == "message", events.c.type == type_)
    return and_(_message(wamid, type_), own) if is_plain(wamid) else own


def _messages(wamid: str) -> ColumnElement[bool]:
    types = sorted({*MESSAGE_TYPES, UNKNOWN})
    if wamid.startswith("wamid."):
        return events.c.key.in_([f"m:{type_}:{wamid}" for type_ in types])
    return or_(*(_message(wamid, type_) for type_ in types))


def _message(wamid: str, type_: str) -> ColumnElement[bool]:
    key = f"m:{type_}:{wamid}"
    # Any other id is followed by its sender: its key was escaped where it holds an @ itself.
    return events.c.key == key if wamid.startswith("wamid.") else or_(begins(f"{key}@"), begins(f"{key}:"))


def begins(prefix: str) -> ColumnElement[bool]:
    """As a range: of LIKE each database has its own idea when an index will do."""
    return and_(events.c.key >= prefix, events.c.key < prefix[:-1] + chr(ord(prefix[-1]) + 1))
