"""Purge one customer from the lanes: waiting entries, scheduled retries and dead letters.

Webhooks that are not classified yet are left alone, because they may name several customers. Those that name this one
are counted: they are classified within seconds, and a second purge then finds their events. The same holds for what is
being handled at this moment and for what the ingresses have spooled. Unreadable webhooks among the dead letters are
counted too, for a person to look at.
"""

from collections import Counter

import redis

from shared.lanes.intake import INTAKE_LANES
from shared.wire import receipt
from shared.wire.receipt import InvalidReceipt
from workers.lanes.eraser import LaneEraser
from workers.lanes.reader import LaneReader
from workers.operations.entries import is_about
from workers.operations.monitoring import ingress_processes
from workers.runtime import attempt_history


def purge_lanes(client: redis.Redis, customer: str) -> dict[str, int]:
    """Erase the customer's entries and return how many of each kind were erased. Raises RedisError."""

    def matches(data: bytes) -> bool:
        return is_about(data, customer)

    eraser, erased = LaneEraser(client), Counter(waiting=0, retries=0, dead_letters=0)
    for lane in LaneReader(client).lanes():
        if lane not in INTAKE_LANES:
            erased["waiting"] += eraser.erase_entries(lane, matches)
            eraser.erase_breaker_error(lane, customer.encode())
            erased["dead_letters"] += eraser.erase_dead_letters(lane, matches)
            erased["retries"] += eraser.erase_retries(lane, matches)
    erased["dead_letters"] += eraser.erase_discarded(matches)
    attempt_history.clear(client)
    return dict(erased)


def count_not_reached(client: redis.Redis, customer: str) -> dict[str, int]:
    """Return what a purge leaves. Raises RedisError.

    That is, webhooks that name the customer and are not classified yet, or never will be, and the bytes that the
    ingresses have spooled, of all customers.
    """
    reader, left = LaneReader(client), Counter(not_yet_classified=0, unreadable_webhooks=0)
    for lane in INTAKE_LANES:
        if reader.exists(lane):
            left["not_yet_classified"] += sum(_names(data, customer) for data in reader.entries(lane))
            left["unreadable_webhooks"] += sum(_names(letter.data, customer) for letter in reader.dead_letters(lane))
    return dict(left) | {"spooled_bytes": _spooled_bytes(client)}


def _names(data: bytes, customer: str) -> bool:
    try:
        return customer.encode() in receipt.unpack(data).body
    except InvalidReceipt:
        return False


def _spooled_bytes(client: redis.Redis) -> int:
    processes = ingress_processes.ingress_processes(client) or ()
    return sum(spool.bytes for spool in ingress_processes.spools(processes))
