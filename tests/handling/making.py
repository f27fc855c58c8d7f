"""Entries of events, as classification makes them."""

from workers.lanes import Taken
from workers.parsing import Item
from workers.runtime.event_entry import Entry, pack


def entry(number: int, kind: str = "text") -> bytes:
    body = {"id": f"wamid.{number}", "type": kind, "from": "919800000001", "text": {"body": str(number)}}
    return pack(Entry(Item("message", kind, f"m:{kind}:wamid.{number}", body), "receipt", 1_777_600_000_000))


def taken(number: int, *, attempts: int = 0) -> Taken:
    return Taken(b"%d-0" % number, entry(number), attempts)
