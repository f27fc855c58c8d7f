"""Removing everything about one customer from the lanes: what waits, what will be retried, and the dead letters.

A webhook that is not classified may name several customers, and is left. Those that wait for it and name this one are
counted: they are gone within seconds, so that a second purge finds them in the lanes behind. What is being handled at
this moment is left to that, too, and so is what the ingresses have spooled. Those that are dead letters, since nobody
could read them, are counted for a person to look at.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from shared.lanes.intake import INTAKE_LANES
from shared.wire import receipt
from shared.wire.receipt import InvalidReceipt
from workers.events import Message, StatusUpdate
from workers.lanes import keys as names
from workers.lanes.paging import iter_pages
from workers.operations.dead_letters.filter import COPIES
from workers.operations.monitoring import ingress_processes
from workers.runtime import attempt_history
from workers.runtime.event_entry import InvalidEntry, event_of, unpack

_INTAKE = frozenset(INTAKE_LANES)
_PAGE = 500


def purge_lanes(client: redis.Redis, customer: str) -> dict[str, int]:
    """Removes the customer's entries; replies how many of each kind went. Raises RedisError."""
    gone: Counter[str] = Counter(waiting=0, retries=0, dead_letters=0)
    for lane in _lanes(client) - _INTAKE:
        base = names.stream_key(lane)
        for stream in (base, names.suspects_key(lane)):
            gone["waiting"] += _purge_stream(client, stream, customer)
        if customer.encode() in (client.hget(f"{base}:breaker", "error") or b""):
            client.hdel(f"{base}:breaker", "error")  # an error may quote its event
        gone["dead_letters"] += _purge_stream(client, f"{base}:dead", customer)
        gone["retries"] += _purge_retries(client, f"{base}:retry", customer)
    for copies in client.scan_iter(f"{COPIES}*"):  # discarded lately, and yet to be restored
        gone["dead_letters"] += _purge_stream(client, copies.decode(), customer)
    attempt_history.clear(client)
    return dict(gone)


def count_not_reached(client: redis.Redis, customer: str) -> dict[str, int]:
    """What a purge leaves: webhooks that name the customer and are not yet, or never will be, classified; and the bytes
    that the ingresses have spooled, of anybody. Raises RedisError."""
    left: Counter[str] = Counter(not_yet_classified=0, unreadable_webhooks=0)
    for lane in _lanes(client) & _INTAKE:
        base = names.stream_key(lane)
        for stream in (base, names.suspects_key(lane)):
            left["not_yet_classified"] += _mentions(client, stream, customer)
        left["unreadable_webhooks"] += _mentions(client, f"{base}:dead", customer)
    return dict(left) | {"spooled_bytes": _spooled(client)}


def is_about(data: bytes, customer: str) -> bool:
    """Whether an entry's event is from or about the customer. Pure."""
    try:
        event = event_of(unpack(data), 1)
    except InvalidEntry:
        return customer.encode() in data
    if isinstance(event, Message):
        return event.customer == customer
    if isinstance(event, StatusUpdate):
        return event.recipient == customer
    return customer.encode() in data


def _lanes(client: redis.Redis) -> set[str]:
    known: Any = client.smembers(names.LANES_KEY)
    return {name.decode() for name in known}


def _spooled(client: redis.Redis) -> int:
    return sum(spool.bytes for spool in ingress_processes.spools(ingress_processes.ingress_processes(client) or ()))


def _purge_stream(client: redis.Redis, stream: str, customer: str) -> int:
    return _walk(client, stream, lambda data: is_about(data, customer), lambda ids: int(client.xdel(stream, *ids)))


def _mentions(client: redis.Redis, stream: str, customer: str) -> int:
    def mentioned(data: bytes) -> bool:
        try:
            return customer.encode() in receipt.unpack(data).body
        except InvalidReceipt:
            return False

    return _walk(client, stream, mentioned, len)


def _walk(client: redis.Redis, stream: str, wanted: Callable[[bytes], bool], act: Callable[[list[bytes]], int]) -> int:
    done = 0
    for page in iter_pages(client, stream):
        ids = [identity for identity, fields in page if wanted(fields.get(b"d", b""))]
        done += act(ids) if ids else 0
    return done


def _purge_retries(client: redis.Redis, key: str, customer: str) -> int:
    doomed = [
        member for member, _ in client.zscan_iter(key, count=_PAGE) if is_about(member.split(b"\n", 1)[1], customer)
    ]
    return int(client.zrem(key, *doomed)) if doomed else 0
