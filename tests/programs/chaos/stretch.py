"""One stretch: steady load, some strikes, quiet, and the verification."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import redis

from tests.programs.chaos import notes, reading
from tests.programs.chaos.environment import Environment
from tests.programs.chaos.expected import expected
from tests.programs.chaos.quiet import wait_quiet
from tests.programs.chaos.sender import Sender
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.traffic import stock
from tests.programs.chaos.verification import Verification, verify

_PAUSE, _SHORT_PAUSE = (0.5, 2.5), (0.2, 0.8)  # seconds between two strikes
_FINISH = 90.0  # seconds in which everything must be acknowledged once the load has ended
_LOOK = 0.25


class Result(NamedTuple):
    """What came of a stretch. Stops in seconds."""

    faults: tuple[str, ...]
    database: str
    strikes: int
    acknowledged: int
    events: int
    verification: Verification
    restless: tuple[str, ...]  # what was left undone
    odd: tuple[str, ...]
    answers: Counter[str]
    stop_of_acknowledging: float
    stop_of_handling: float
    quiet_after: float  # the end of the load
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether nothing is amiss."""
        return self.verification.is_right and not self.restless and not self.odd


def run(environment: Environment, faults: Sequence[Fault], rounds: int, rate: float, random: Random) -> Result:
    """Strikes each kind so often, in a random order."""
    began = time.monotonic()
    for fault in faults:
        fault.begin(environment)
    with environment.redis.client() as client:
        before = reading.counts(client)
    more = stock(random.randrange(2**32), int(time.time()))
    environment.sender = sender = Sender([environment.ports[one] for one in environment.ingresses], rate, random, more)
    watch = _Watch(environment)
    sender.start()
    plan = [fault for fault in faults for _ in range(rounds or fault.rounds)]
    random.shuffle(plan)
    plan.sort(key=lambda fault: -fault.patience)  # what takes long to become quiet first
    time.sleep(1.0)
    try:
        for fault in plan:
            struck = time.monotonic()
            fault.strike(environment, random)
            environment.tell(f"{fault.name} took {time.monotonic() - struck:.1f} s")
            time.sleep(random.uniform(*(_PAUSE if len(faults) == 1 else _SHORT_PAUSE)))
    finally:
        stop_of_handling = watch.end()
        unanswered = sender.finish(_FINISH)
        environment.sender = None
        for fault in faults:
            fault.end(environment)
    ended = time.monotonic()
    restless = wait_quiet(environment, max(fault.patience for fault in faults))
    quiet_after = time.monotonic() - ended
    sure = expected(sender.acknowledged)
    with environment.redis.client() as client:
        found = reading.read(environment.database, client, environment.folder, before)
        amiss = verify(sure, expected([*sender.acknowledged, *unanswered]) if unanswered else sure, found)
        if amiss.is_right and not restless:
            _clean(environment, client)
    odd, environment.odd = [*environment.odd, *environment.ended(), *sender.unexpected], []
    if unanswered:
        odd.append(f"{len(unanswered)} webhooks were not acknowledged within {_FINISH:g} s of the last fault")
    return Result(
        tuple(fault.name for fault in faults),
        environment.database.name,
        len(plan),
        len(sender.acknowledged),
        len(sure.tables["events"]),
        amiss,
        tuple(restless),
        tuple(odd),
        sender.answers,
        sender.longest_stop,
        stop_of_handling,
        quiet_after,
        time.monotonic() - began,
    )


def _clean(environment: Environment, client: redis.Redis) -> None:
    """The next stretch begins with empty tables; Redis keeps what it has."""
    environment.database.empty()
    notes.forget(environment.folder)
    reading.forget_letters(client)


class _Watch:
    """Looks for new rows of events, and remembers the longest time without."""

    def __init__(self, environment: Environment) -> None:
        self._world = environment
        self._longest = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")
        self._thread.start()

    def end(self) -> float:
        """Replies the longest stop, in seconds."""
        self._ended.set()
        self._thread.join()
        return self._longest

    def _look(self) -> None:
        count, last = 0, time.monotonic()
        while not self._ended.wait(_LOOK):
            found = self._world.database.count()
            now = time.monotonic()
            if found is not None and found > count:
                self._longest = max(self._longest, now - last)
                count, last = found, now
        self._longest = max(self._longest, time.monotonic() - last)
