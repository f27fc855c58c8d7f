"""Replaying, discarding and restoring dead letters, many at a time.

A replay cannot be undone: its handler may run at once. What is discarded is kept for ten minutes and can be restored
until then, as it was, under new ids.
"""

import re
import secrets
import time
from collections.abc import Iterable
from itertools import groupby, islice
from typing import NamedTuple

import redis

from shared.redis.scripts import read_script
from workers.lanes import keys as names
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.status import DeadLetter
from workers.operations.dead_letters.filter import COPIES

#: Seconds that discarded letters can be restored.
UNDO_TTL = 600
#: Seconds that one request acts for at most; what is left then is said, and can be asked for again.
_TIME_LIMIT = 20.0
_AT_ONCE = 200
_NAME = re.compile(r"[0-9a-f]{16}")


class ActionResult(NamedTuple):
    """What was done."""

    number: int
    complete: bool  # False: time was up before all were done
    undo: str = ""  # what `restore` is given


class DeadLetterActions:
    """For one Redis. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._graveyard = DeadLetterQueue(client)
        self._discard = client.register_script(read_script(__package__, "discard"))
        self._restore = client.register_script(read_script(__package__, "restore"))

    def replay(self, found: Iterable[DeadLetter]) -> ActionResult:
        """Back into their lanes, with no attempts made."""
        done, end = 0, time.monotonic() + _TIME_LIMIT
        for lane, ids in _in_turns(found):
            if time.monotonic() > end:
                return ActionResult(done, complete=False)
            done += self._graveyard.replay(lane, ids)
        return ActionResult(done, complete=True)

    def discard(self, found: Iterable[DeadLetter]) -> ActionResult:
        """Thrown away, with a copy kept for a while."""
        done, end, undo = 0, time.monotonic() + _TIME_LIMIT, secrets.token_hex(8)
        for lane, ids in _in_turns(found):
            if time.monotonic() > end:
                return ActionResult(done, complete=False, undo=undo)
            done += int(self._discard(keys=[names.stream_key(lane), COPIES + undo], args=[lane, UNDO_TTL, *ids]))
        return ActionResult(done, complete=True, undo=undo if done else "")

    def restore(self, undo: str) -> int:
        """Discarded letters are dead letters again; replies how many. 0: it is too late, or they were restored."""
        if not _NAME.fullmatch(undo):
            return 0
        restored = 0
        while some := int(self._restore(keys=[COPIES + undo], args=[names.stream_key(""), _AT_ONCE])):
            restored += some
        return restored


def _in_turns(found: Iterable[DeadLetter]) -> Iterable[tuple[str, list[str]]]:
    """A few hundred at a time: one script must not keep Redis from others."""
    for lane, group in groupby(found, key=lambda letter: letter.lane):
        while ids := [letter.id for letter in islice(group, _AT_ONCE)]:
            yield lane, ids
