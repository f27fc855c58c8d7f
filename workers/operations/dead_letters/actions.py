"""Replay, discard and restore many dead letters.

A replay cannot be undone: its handler may run at once. A discarded dead letter can be restored for ten minutes,
unchanged except for its id.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

import redis

from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.records import DeadLetter

#: Seconds for which a discard can be undone.
UNDO_TTL = 600
#: Seconds after which an action stops; the rest can be requested again.
_TIME_LIMIT = 20.0
#: Dead letters per script, so that no script blocks Redis for long.
_BATCH_SIZE = 200
_UNDO = re.compile(r"[0-9a-f]{16}")


class ActionResult(NamedTuple):
    """The result of a replay or a discard."""

    number: int  # of dead letters
    complete: bool  # False: the time limit was reached before all were done
    undo: str = ""  # the argument of `restore`


class DeadLetterActions:
    """Acts on the dead letters of one Redis. All methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._queue = DeadLetterQueue(client)

    def replay(self, letters: Iterable[DeadLetter]) -> ActionResult:
        """Put dead letters back into their lanes with no attempts made."""
        return _act(letters, self._queue.replay)

    def discard(self, letters: Iterable[DeadLetter]) -> ActionResult:
        """Discard dead letters, keeping copies for `restore`."""
        undo = secrets.token_hex(8)
        result = _act(letters, lambda lane, ids: self._queue.discard_with_copy(lane, ids, undo, UNDO_TTL))
        return result._replace(undo=undo) if result.number or not result.complete else result

    def restore(self, undo: str) -> int:
        """Undo a discard; return how many dead letters were restored (0: too late, or restored already)."""
        return self._queue.restore(undo) if _UNDO.fullmatch(undo) else 0


def batches(letters: Iterable[DeadLetter]) -> Iterator[tuple[str, list[str]]]:
    """Yield the dead letters in order as (lane, ids), a few hundred of one lane at a time."""
    for lane, group in groupby(letters, key=lambda letter: letter.lane):
        while ids := [letter.id for letter in islice(group, _BATCH_SIZE)]:
            yield lane, ids


def _act(letters: Iterable[DeadLetter], action: Callable[[str, list[str]], int]) -> ActionResult:
    number, deadline = 0, time.monotonic() + _TIME_LIMIT
    for lane, ids in batches(letters):
        if time.monotonic() > deadline:
            return ActionResult(number, complete=False)
        number += action(lane, ids)
    return ActionResult(number, complete=True)
