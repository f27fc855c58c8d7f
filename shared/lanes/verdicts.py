"""What became of a taken entry: one verdict an entry, settled together."""

from collections.abc import Mapping
from typing import NamedTuple


class Next(NamedTuple):
    """An entry that a settled one leads to, added to each of `lanes` unless its dedupe `key` is claimed already."""

    key: bytes  # empty: not deduplicated
    data: bytes
    lanes: tuple[str, ...]


class Done(NamedTuple):
    """Handled; `next` follows from it."""

    next: tuple[Next, ...] = ()


class Again(NamedTuple):
    """To be tried again after `delay` seconds. `counted`: whether this run was one of its attempts.

    `failed`: whether that is because its handler failed. A lane whose handler fails for everyone opens its breaker;
    while that is open a failure is no attempt, and otherwise it always is.
    """

    delay: float
    error: str
    counted: bool = True
    failed: bool = False


class Dead(NamedTuple):
    """Never to be tried again. `why`: one word for grouping; `error` and `trace` for people.

    `failed`: whether that is because its handler failed and may not try again. While the lane's breaker is open it is
    tried again after all. REJECTED is no failure: the handler has answered.
    """

    why: str
    error: str
    trace: str = ""
    failed: bool = False


class Back(NamedTuple):
    """Not begun: for anybody to take at once."""


Verdict = Done | Again | Dead | Back
#: The reason that settle.lua knows: its handler will not have it.
REJECTED = "rejected"
_NOTHING = Done()
#: Seconds. A delay beyond that, even an infinite one, is this one: ten years.
LONGEST_DELAY = 10 * 366 * 86_400.0


def arguments(verdicts: list[tuple[bytes, Verdict]], measured: Mapping[str, int]) -> list[bytes | str | int]:
    """The arguments of settle.lua that tell these (entry id, verdict) pairs, and fields with what adds to them."""
    plain: list[bytes | str | int] = []
    rest: list[bytes | str | int] = []
    positions: dict[str, int] = {}
    for identity, verdict in verdicts:
        if verdict == _NOTHING and isinstance(verdict, Done):
            plain.append(identity)
        else:
            rest.append(identity)
            _add(rest, verdict, positions)
    times = [part for pair in measured.items() for part in pair]
    return [len(times), *times, len(plain), *plain, len(positions), *positions, *rest]


def _add(out: list[bytes | str | int], verdict: Verdict, positions: dict[str, int]) -> None:
    match verdict:
        case Done(following):
            out += ("done", len(following))
            for key, data, lanes in following:
                out += (key, data, len(lanes))
                out += [positions.setdefault(lane, len(positions) + 1) for lane in lanes]
        case Again(delay, error, counted, failed):
            out += ("retry", _milliseconds(delay), int(counted), int(failed), _utf8(error))
        case Dead(why, error, trace, failed):
            out += ("dead", int(failed), why, _utf8(error), _utf8(trace))
        case Back():
            out.append("back")


def _milliseconds(delay: float) -> int:
    return round(min(delay, LONGEST_DELAY) * 1000) if delay > 0 else 0  # not a number: 0 too


def _utf8(text: str) -> bytes:
    # An error may quote its event, and that may hold half a character.
    return text.encode("utf-8", "backslashreplace")
