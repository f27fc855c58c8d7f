"""What came out held against what went in. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.programs.chaos.expected import ANY, Expected, Key, Row


class Letter(NamedTuple):
    """A dead letter: its lane, the key of its event, and why it died."""

    lane: str
    key: str
    why: str


class Found(NamedTuple):
    """What is there once all is quiet. `ended`: entries that ever ended in a lane. `added`: events that passed the
    dedupe. `runs`: how often each (handler, key) ran."""

    tables: dict[str, dict[Key, Row]]
    letters: list[Letter]
    ended: Mapping[str, int]
    added: int
    runs: Counter[tuple[str, str]]


class Verification(NamedTuple):
    """What is amiss; each entry in words."""

    lost: list[str]
    doubled: list[str]
    wrong: list[str]

    @property
    def is_right(self) -> bool:
        """Whether nothing is."""
        return not (self.lost or self.doubled or self.wrong)


def verify(sure: Expected, possible: Expected, found: Found) -> Verification:
    """`sure`: what acknowledged webhooks lead to. `possible`: those, and the ones whose answer never came."""
    letters = {(letter.lane, letter.key): letter.why for letter in found.letters}
    return Verification(
        [*_lost(sure, found, letters)],
        [*_doubled(possible, found)],
        [*_wrong_rows(sure, possible, found), *_wrong_letters(sure, possible, found), *_short(sure, found)],
    )


def _lost(sure: Expected, found: Found, letters: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for (key,) in sure.tables["events"].keys() - found.tables["events"].keys():
        if not any(there == key for _, there in letters):
            yield f"event {key} is nowhere"
    for lane, keys in sure.lanes.items():
        name = lane.partition(".")[2]
        if name != "store":
            for key in sorted(keys):
                if not found.runs[name, key] and (lane, key) not in letters:
                    yield f"{lane} never ran for {key}"


def _doubled(possible: Expected, found: Found) -> Iterator[str]:
    for lane, times in found.ended.items():
        most = len(possible.lanes.get(lane, ()))
        if times > most:
            yield from [f"{times} entries ended in {lane}, of {most} events"] * (times - most)
    if (more := found.added - len(possible.tables["events"])) > 0:
        yield from [f"{found.added} events passed the dedupe, of {len(possible.tables['events'])}"] * more
    twice = Counter((letter.lane, letter.key) for letter in found.letters)
    for (lane, key), times in twice.items():
        yield from [f"{key} is {times} times a dead letter of {lane}"] * (times - 1)


def _short(sure: Expected, found: Found) -> Iterator[str]:
    for lane, keys in sure.lanes.items():
        if found.ended.get(lane, 0) < len(keys):
            yield f"{found.ended.get(lane, 0)} entries ended in {lane}, of {len(keys)} events"


def _wrong_rows(sure: Expected, possible: Expected, found: Found) -> Iterator[str]:
    for table, there in found.tables.items():
        must, may = sure.tables[table], possible.tables[table]
        for key in sorted(must.keys() - there.keys()):
            yield f"{table} has no row {key}"
        for key, row in there.items():
            if key not in may:
                yield f"{table} has a row {key} that no webhook leads to"
            elif not _same(row, may[key]) and not (key in must and _same(row, must[key])):
                yield f"{table} has {row} rather than {may[key]}"


def _same(row: Row, wanted: Row) -> bool:
    return all(there == value or (value == ANY and there is not None) for there, value in zip(row, wanted, strict=True))


def _wrong_letters(sure: Expected, possible: Expected, found: Found) -> Iterator[str]:
    for letter in found.letters:
        allowed = possible.dead.get((letter.lane, letter.key))
        if allowed is None:
            yield f"{letter.key} is a dead letter of {letter.lane}: {letter.why}"
        elif letter.why not in allowed:
            yield f"{letter.key} is a dead letter of {letter.lane}: {letter.why} rather than {' or '.join(allowed)}"
    there = {(letter.lane, letter.key) for letter in found.letters}
    for lane, key in sorted(sure.dead.keys() - there):
        yield f"{key} should be a dead letter of {lane}"
