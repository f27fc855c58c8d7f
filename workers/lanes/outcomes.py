"""The outcome of handling a taken entry: one per entry, settled together."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgpack

#: The reason of a dead letter whose handler rejected the event, which counts as an answer; settle.lua knows it too.
REJECTED = "rejected"
#: Seconds. Longer delays, even infinite ones, are cut to this: ten years.
MAX_RETRY_DELAY = 10 * 366 * 86_400.0


class FollowUp(NamedTuple):
    """An entry to add to each of `lanes`, unless its dedupe key is claimed already."""

    key: bytes  # empty: not deduplicated
    data: bytes
    lanes: tuple[str, ...]


class Completed(NamedTuple):
    """The entry was handled, and its follow-ups are to be added."""

    follow_ups: tuple[FollowUp, ...] = ()


class Rescheduled(NamedTuple):
    """The entry is to be retried after `delay` seconds.

    `failed`: its handler failed, which may open the lane's circuit breaker. While that is open a failure uses up no
    attempt, and otherwise it always does.
    """

    delay: float
    error: str
    counted: bool = True  # this run was one of the entry's attempts
    failed: bool = False


class DeadLettered(NamedTuple):
    """The entry is not to be retried.

    `failed`: its handler failed at the last attempt. While the lane's circuit breaker is open the entry is retried
    after all. A rejection (REJECTED) is not a failure.
    """

    why: str  # one word for grouping
    error: str  # for people
    trace: str = ""
    failed: bool = False


class Released(NamedTuple):
    """The entry was not handled; any worker may take it at once."""


Outcome = Completed | Rescheduled | DeadLettered | Released


def encode_outcomes(outcomes: list[tuple[bytes, Outcome]], increments: Mapping[str, int]) -> bytes:
    """Encode (entry id, outcome) pairs in MessagePack, as settle.lua expects them.

    `increments`: the timings of the entries (TakeTimings.increments).
    """
    done: list[bytes] = []
    targets: dict[tuple[str, ...], int] = {}  # lists of lanes, by their positions in Lua
    leading: list[tuple[bytes, list[tuple[bytes, bytes, int]]]] = []
    others: list[tuple[Any, ...]] = []
    for identity, outcome in outcomes:
        if not isinstance(outcome, Completed):
            others.append((identity, *_details(outcome)))
        elif outcome.follow_ups:
            follow_ups = [
                (key, data, targets.setdefault(lanes, len(targets) + 1)) for key, data, lanes in outcome.follow_ups
            ]
            leading.append((identity, follow_ups))
        else:
            done.append(identity)
    return _pack((done, list(targets), leading, others, dict(increments)))


def _details(outcome: Rescheduled | DeadLettered | Released) -> tuple[Any, ...]:
    match outcome:
        case Rescheduled(delay, error, counted, failed):
            return "retry", _milliseconds(delay), int(counted), failed, _utf8(error)
        case DeadLettered(why, error, trace, failed):
            return "dead", failed, why, _utf8(error), _utf8(trace)
        case Released():
            return ("back",)


def _pack(value: Any) -> bytes:
    # The server understands only the older format, which does not distinguish text from bytes.
    return bytes(msgpack.packb(value, use_bin_type=False))


def _milliseconds(delay: float) -> int:
    return round(min(delay, MAX_RETRY_DELAY) * 1000) if delay > 0 else 0  # NaN: 0 too


def _utf8(text: str) -> bytes:
    # An error may quote its event, which may contain half a surrogate pair.
    return text.encode("utf-8", "backslashreplace")
