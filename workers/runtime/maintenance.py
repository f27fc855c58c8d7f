"""Lane maintenance: every second, due retries are moved, lost entries taken over, and lanes woken.

Every worker tries every second, and the first does it for all. There is no scheduler process and no leader: if the
worker that did it dies, another does it a second later.
"""

from collections.abc import Callable, Iterable, Sequence

from redis.exceptions import OutOfMemoryError, RedisError

from shared.observability.logging import get_logger
from workers.lanes import Lanes, LaneSpec
from workers.lanes.keys import LANES_KEY
from workers.lanes.reader import LaneReader
from workers.runtime import outcome_log

_log = get_logger(__name__)
#: Seconds.
MAINTENANCE_INTERVAL = 1.0
#: Holds the turn of this second.
_TURN_KEY = "sluice:tick"


class LaneMaintenance:
    """Maintains the lanes. It runs in a worker's event loop, so an outage is logged and never raised.

    `consumer_name` returns the name under which a process of this worker holds entries, for its process id.
    """

    def __init__(
        self, lanes: Callable[[], Lanes], specs: Iterable[LaneSpec], consumer_name: Callable[[int], str] = str
    ) -> None:
        self._lanes = lanes
        self._consumer_name = consumer_name
        self._specs = list(specs)
        self._is_registered = False
        self._is_failing = False

    def __call__(self, process_ids: Sequence[int] = ()) -> None:
        """Beat for these living processes, register lanes that are missing, and maintain all lanes if no other worker
        has done so within this second."""
        try:
            lanes = self._lanes()
            dead = lanes.heartbeats.beat([self._consumer_name(pid) for pid in process_ids])
            self._run(lanes, dead)
        except (RedisError, OSError) as error:
            if not self._is_failing:
                _log.error(_failure_message(error), error=type(error).__name__)
            self._is_failing = True
        else:
            if self._is_failing:
                _log.info("Redis is available again")
            self._is_failing = False

    def _run(self, lanes: Lanes, dead: list[str]) -> None:
        pipe = lanes.client.pipeline(transaction=False)
        pipe.set(_TURN_KEY, "", nx=True, px=round(MAINTENANCE_INTERVAL * 900))
        pipe.pttl(_TURN_KEY)
        pipe.exists(LANES_KEY)
        is_our_turn, turn_ttl, lanes_exist = pipe.execute(raise_on_error=False)
        for reply in (is_our_turn, turn_ttl, lanes_exist):
            # A full Redis cannot record the turn. Then every worker does maintenance, which makes room again.
            if isinstance(reply, Exception) and not isinstance(reply, OutOfMemoryError):
                raise reply
        if isinstance(turn_ttl, int) and turn_ttl > MAINTENANCE_INTERVAL * 1000:
            # The turn was taken while Redis's clock was ahead, perhaps by hours: until then no worker would have one.
            lanes.client.delete(_TURN_KEY)
        try:
            if not self._is_registered or not lanes_exist:  # at the start, and after Redis lost its data
                lanes.register(self._specs)
                self._is_registered = True
        finally:
            if is_our_turn:
                self._maintain(lanes, dead)

    def _maintain(self, lanes: Lanes, dead: list[str]) -> None:
        reports = lanes.run_maintenance([spec.name for spec in self._specs], dead)
        for lane, report in reports.items():
            if report.made_suspects or report.dead_lettered:
                _log.warning(
                    "entries were lost by their process; they are taken over",
                    lane=lane,
                    suspects=report.made_suspects,
                    dead=report.dead_lettered,
                )
            if report.dead_lettered and (letter := LaneReader(lanes.client).latest_dead_letter(lane)):
                outcome_log.log_poisoned(letter, report.dead_lettered)
        if not any(report.held_by_dead for report in reports.values()):
            lanes.heartbeats.forget(dead)


def _failure_message(error: Exception) -> str:
    if isinstance(error, OutOfMemoryError):
        return "Redis is full: known lanes are drained, new ones wait until there is room"
    return "Redis cannot be reached; the lanes wait"
