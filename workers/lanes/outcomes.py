"""What became of a taken entry: one verdict an entry, settled together."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgpack


class FollowUp(NamedTuple):
    """An entry that a settled one leads to, added to each of `lanes` unless its dedupe `key` is claimed already."""

    key: bytes  # empty: not deduplicated
    data: bytes
    lanes: tuple[str, ...]


class Completed(NamedTuple):
    """Handled; `next` follows from it."""

    follow_ups: tuple[FollowUp, ...] = ()


class Rescheduled(NamedTuple):
    """To be tried again after `delay` seconds. `counted`: whether this run was one of its attempts.

    `failed`: whether that is because its handler failed. A lane whose handler fails for everyone opens its breaker;
    while that is open a failure is no attempt, and otherwise it always is.
    """

    delay: float
    error: str
    counted: bool = True
    failed: bool = False


class DeadLettered(NamedTuple):
    """Never to be tried again. `why`: one word for grouping; `error` and `trace` for people.

    `failed`: whether that is because its handler failed and may not try again. While the lane's breaker is open it is
    tried again after all. REJECTED is no failure: the handler has answered.
    """

    why: str
    error: str
    trace: str = ""
    failed: bool = False


class Released(NamedTuple):
    """Not begun: for anybody to take at once."""


Outcome = Completed | Rescheduled | DeadLettered | Released
#: The reason that settle.lua knows: its handler will not have it.
REJECTED = "rejected"
#: Seconds. A delay beyond that, even an infinite one, is this one: ten years.
MAX_RETRY_DELAY = 10 * 366 * 86_400.0


def _pack(value: Any) -> bytes:
    # The server's reader knows the older format only, in which text and bytes are one.
    return bytes(msgpack.packb(value, use_bin_type=False))


def encode_outcomes(outcomes: list[tuple[bytes, Outcome]], increments: Mapping[str, int]) -> bytes:
    """What settle.lua is told of these (entry id, verdict) pairs, in MessagePack. `measured`: see measures.py."""
    done: list[bytes] = []
    targets: dict[tuple[str, ...], int] = {}  # lists of lanes, by their positions in Lua
    leading: list[tuple[bytes, list[tuple[bytes, bytes, int]]]] = []
    others: list[tuple[Any, ...]] = []
    for identity, verdict in outcomes:
        if not isinstance(verdict, Completed):
            others.append((identity, *_details(verdict)))
        elif verdict.follow_ups:
            events = [
                (key, data, targets.setdefault(lanes, len(targets) + 1)) for key, data, lanes in verdict.follow_ups
            ]
            leading.append((identity, events))
        else:
            done.append(identity)
    return _pack((done, list(targets), leading, others, dict(increments)))


def _details(verdict: Rescheduled | DeadLettered | Released) -> tuple[Any, ...]:
    match verdict:
        case Rescheduled(delay, error, counted, failed):
            return "retry", _milliseconds(delay), int(counted), failed, _utf8(error)
        case DeadLettered(why, error, trace, failed):
            return "dead", failed, why, _utf8(error), _utf8(trace)
        case Released():
            return ("back",)


def _milliseconds(delay: float) -> int:
    return round(min(delay, MAX_RETRY_DELAY) * 1000) if delay > 0 else 0  # not a number: 0 too


def _utf8(text: str) -> bytes:
    # An error may quote its event, and that may hold half a character.
    return text.encode("utf-8", "backslashreplace")
