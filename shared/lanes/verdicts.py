"""What became of a taken entry: one verdict an entry, settled together."""

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
    """To be tried again after `delay` seconds. `counted`: whether this run was one of its attempts."""

    delay: float
    error: str
    counted: bool = True


class Dead(NamedTuple):
    """Never to be tried again. `why`: one word for grouping; `error` and `trace` for people."""

    why: str
    error: str
    trace: str = ""


class Back(NamedTuple):
    """Not begun: for anybody to take at once."""


Verdict = Done | Again | Dead | Back
_NOTHING = Done()
#: Seconds. A delay beyond that, even an infinite one, is this one: ten years.
LONGEST_DELAY = 10 * 366 * 86_400.0


def arguments(lane: str, window: int, verdicts: list[tuple[bytes, Verdict]]) -> list[bytes | str | int]:
    """The arguments of settle.lua for these (entry id, verdict) pairs; `window`: seconds a dedupe key is kept."""
    plain: list[bytes | str | int] = []
    rest: list[bytes | str | int] = []
    positions: dict[str, int] = {}
    for identity, verdict in verdicts:
        if verdict == _NOTHING and isinstance(verdict, Done):
            plain.append(identity)
        else:
            rest.append(identity)
            _add(rest, verdict, positions)
    return [lane, window, len(plain), *plain, len(positions), *positions, *rest]


def _add(out: list[bytes | str | int], verdict: Verdict, positions: dict[str, int]) -> None:
    match verdict:
        case Done(following):
            out += ("done", len(following))
            for key, data, lanes in following:
                out += (key, data, len(lanes))
                out += [positions.setdefault(lane, len(positions) + 1) for lane in lanes]
        case Again(delay, error, counted):
            out += ("retry", _milliseconds(delay), int(counted), _utf8(error))
        case Dead(why, error, trace):
            out += ("dead", why, _utf8(error), _utf8(trace))
        case Back():
            out.append("back")


def _milliseconds(delay: float) -> int:
    return round(min(delay, LONGEST_DELAY) * 1000) if delay > 0 else 0  # not a number: 0 too


def _utf8(text: str) -> bytes:
    # An error may quote its event, and that may hold half a character.
    return text.encode("utf-8", "backslashreplace")
