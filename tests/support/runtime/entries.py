"""Entries of events, as classification makes them."""

from workers.lanes import TakenEntry
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, encode_entry


def entry(number: int, kind: str = "text") -> bytes:
    body = {"id": f"wamid.{number}", "type": kind, "from": "919800000001", "text": {"body": str(number)}}
    return encode_entry(
        EventEntry(RawEvent("message", kind, f"m:{kind}:wamid.{number}", body), "receipt", 1_777_600_000_000)
    )


def taken(number: int, *, attempts: int = 0) -> TakenEntry:
    return TakenEntry(b"%d-0" % number, entry(number), attempts)
