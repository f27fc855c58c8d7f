"""The watch: it sees whether a worker takes messages, says so in Redis, and ends the worker if it must."""

import os
import socket
import time
from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.worker import state
from redis.exceptions import RedisError

from shared.observability.logging import get_logger
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.self_ping import SelfPing
from workers.runtime.liveness.stall_detector import ConsumerHealth, Observation, begin, update
from workers.runtime.liveness.worker_status import WorkerReport, WorkerStatusPublisher

_log = get_logger(__name__)
EXIT_CODE = 1
_RUN: int = bootsteps.RUN  # type: ignore[attr-defined]  # the stubs do not know it
#: A warm stop has been seen to hang. Seconds it may take where nothing runs any more, and where a handler does: the
#: built-in ones and those with the default timeout are done by then.
_STOP, _STOP_RUNNING = 10.0, 45.0


class Watchdog:
    """Watches one worker. It is told by the main thread what to count; all else is done in a thread of its own."""

    def __init__(
        self,
        pulses: SelfPing,
        said: WorkerStatusPublisher,
        *,
        clock: Callable[[], float] = time.monotonic,
        end_now: Callable[[int], object] = os._exit,
    ) -> None:
        self.pulses = pulses
        self._presence = said
        self._clock = clock
        self._end_now = end_now
        self._received = self._turns = 0
        self._judgement: ConsumerHealth | None = None
        self._asked = False
        self._given_up: float | None = None  # since when

    def on_message(self) -> None:
        """The consumer took a message."""
        self._received += 1

    def on_loop_tick(self) -> None:
        """The event loop came round."""
        self._turns += 1

    def check(self, worker: Any) -> None:
        """One look at a worker (celery.worker.WorkController). Never raises what an outage causes."""
        now = self._clock()
        if self._given_up is not None:
            self._enforce_stop(now - self._given_up)
        elif worker.blueprint.state == _RUN:
            self._judge(worker, now)
        self._publish(worker)

    def leave(self) -> None:
        """The worker has stopped as it should."""
        try:
            self._presence.withdraw()
        except (RedisError, OSError):
            return  # what it last said is forgotten by itself

    def _judge(self, worker: Any, now: float) -> None:
        before = self._judgement or begin(now)
        taken, running = len(state.reserved_requests), len(state.active_requests)
        seen = Observation(
            self._received, self._turns, taken, running, _slots(worker), self._asked, _pool(worker) == "solo"
        )
        after = self._judgement = update(before, seen, now)
        if after.stalled and not before.stalled:
            _log.error("this worker takes no messages, though it has room", seconds=round(after.silent), taken=taken)
        elif before.stalled and not after.stalled:
            _log.warning("this worker takes messages again")
        if after.unrecoverable:
            _log.error("this worker still takes no messages; it ends, to be started again", exit_code=EXIT_CODE)
            self._given_up = now
            # A warm stop: Celery looks at this whenever its event loop comes round.
            state.should_stop = EXIT_CODE  # type: ignore[assignment]

    def _enforce_stop(self, seconds: float) -> None:
        if seconds >= (_STOP_RUNNING if state.active_requests else _STOP):
            _log.error("its stop hangs; it ends at once, and what it held is taken over")
            self._end_now(EXIT_CODE)

    def _publish(self, worker: Any) -> None:
        judgement = self._judgement
        pulse = self.pulses.message() if judgement and judgement.ask and self._given_up is None else ""
        said = WorkerReport(
            host=socket.gethostname(),
            node=worker.hostname,
            pid=os.getpid(),
            pool=_pool(worker),
            queues=tuple(name for name in worker.app.amqp.queues.consume_from if name != self.pulses.queue),
            state=self._state(worker),
            silent=round(judgement.silent, 1) if judgement else 0.0,
            running=len(state.active_requests),
            slots=_slots(worker),
        )
        try:
            self._presence.publish(said, pulse)
        except (RedisError, OSError):  # the tick says that it is away
            self._asked = False
        else:
            self._asked = bool(pulse)

    def _state(self, worker: Any) -> str:
        if self._given_up is not None:
            return worker_status.ENDING
        if worker.blueprint.state != _RUN:
            return worker_status.STOPPING
        judgement = self._judgement
        if judgement and judgement.stalled:
            return worker_status.DEAF
        if judgement is None or not judgement.has_received:
            return worker_status.STARTING
        return worker_status.FULL if judgement.full else worker_status.LISTENING


def _slots(worker: Any) -> int:
    # As Celery's own limit to what it takes: see worker_disable_prefetch in celery/worker/consumer/tasks.py.
    return int(worker.max_concurrency or getattr(worker.pool, "num_processes", None) or worker.concurrency)


def _pool(worker: Any) -> str:
    return str(worker.pool_cls.__module__.rpartition(".")[2])
