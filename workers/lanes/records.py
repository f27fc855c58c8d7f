"""The records of a lane as the Lua scripts write them: dead letters and scheduled retries."""

from typing import NamedTuple

import orjson


class DeadLetter(NamedTuple):
    """An event that will not be retried."""

    lane: str
    id: str
    why: str  # rejected, exhausted, poison or undecodable
    error: str
    trace: str
    attempts: int
    deaths: int
    at_ms: int  # when it became a dead letter, since 1970
    data: bytes  # the lane entry, unchanged


class ScheduledRetry(NamedTuple):
    """An entry that waits for its next attempt."""

    due_ms: float  # when the next attempt is due, since 1970
    attempts: int  # made so far
    error: str  # of the last attempt
    data: bytes  # the lane entry, unchanged


def parse_dead_letter(lane: str, identity: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    """Parse an entry of a lane's stream of dead letters (written by `dead_letter` in common.lua)."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode("utf-8", "replace")

    return DeadLetter(
        lane=lane,
        id=identity.decode(),
        why=text(b"why"),
        error=text(b"e"),
        trace=text(b"t"),
        attempts=int(fields.get(b"a", 0)),
        deaths=int(fields.get(b"x", 0)),
        at_ms=int(fields.get(b"at", 0)),
        data=fields.get(b"d", b""),
    )


def parse_retry(member: bytes, score: float) -> ScheduledRetry:
    """Parse a member of a lane's sorted set of retries (written by settle.lua): a JSON head, a newline, the data."""
    head, _, data = member.partition(b"\n")
    try:
        fields = orjson.loads(head)
    except orjson.JSONDecodeError:  # the error quoted bytes that are not valid UTF-8
        fields = {}
    return ScheduledRetry(score, int(fields.get("a", 0)), str(fields.get("e", "")), data)
