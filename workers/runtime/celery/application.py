"""The Celery application, put together from the settings."""

import gc
import importlib
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_shutdown, worker_shutdown

from shared.errors import WrongSettings
from shared.observability import logging, tracing
from shared.redis.connection import connect, keepalive
from shared.settings import Settings
from workers.handlers.registry import REGISTRY
from workers.lanes import wakeup_message
from workers.runtime import builtin_handlers, wiring
from workers.runtime.celery import broker
from workers.runtime.celery.tasks import DrainTask
from workers.runtime.lane_config import plan, queues
from workers.runtime.liveness.bootstep import WatchStep
from workers.runtime.liveness.self_ping import Pulses, PulseTask
from workers.runtime.liveness.watchdog import Watch
from workers.runtime.liveness.worker_status import Presence
from workers.runtime.maintenance import Ticker, TickStep
from workers.runtime.resources import Process


def create_app(settings: Settings) -> Celery:
    """The application with a task for every lane. Raises WrongSettings, also for a handler module that fails."""
    process = Process(settings, tracing.chosen("sluice-worker"))
    if settings.database is not None:
        builtin_handlers.register(partial(wiring.store, process))
    import_handlers(settings.handlers)
    lanes = plan(REGISTRY, media=settings.media_url is not None)
    app = Celery("sluice", broker=broker_url(settings.redis), amqp=broker.AMQP)
    app.conf.update(configuration(queues(lanes), settings.redis))
    for name, lane in lanes.items():
        app.register_task(DrainTask(name, partial(wiring.drain, process, lane), lane.hard_limit))
    ticker = Ticker(lambda: process.lanes, [lane.spec for lane in lanes.values()], process.holder)
    app.steps["worker"].add(type("Tick", (TickStep,), {"ticker": staticmethod(ticker)}))
    app.steps["worker"].add(broker.Unsociable)
    app.steps["worker"].add(broker.Prompt)
    watch_over(app, process)
    setup_logging.connect(_set_up_logging)
    worker_init.connect(_spare_collector)
    # A process of a prefork pool ends with the first of these, any other worker with the second.
    for ended in (worker_process_shutdown, worker_shutdown):
        ended.connect(lambda **_details: process.end_tracing(), weak=False)
    return app


def watch_over(app: Celery, process: Process) -> None:
    """Has a worker of this application watched, and ended where it takes no messages any more."""
    pulses = Pulses(process.name)
    watch = Watch(pulses, Presence(connect(process.settings.redis, retries=0), process.name, pulses.key))
    app.register_task(PulseTask(watch.heard))
    app.steps["worker"].add(type("Watched", (WatchStep,), {"watch": watch}))


def configuration(queue_names: list[str], redis_url: str) -> dict[str, Any]:
    """Celery's settings. Wake-ups carry nothing and may be lost, so none of its safety nets is wanted."""
    return {
        "task_queues": [broker.queue(name) for name in queue_names],
        "task_default_queue": queue_names[0],
        "task_ignore_result": True,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,  # a wake-up that waits in a busy worker keeps an idle one from taking it
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,  # it needs two more connections, and room in Redis at the start
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "global_keyprefix": wakeup_message.KEY_PREFIX,
            "queue_order_strategy": "priority",  # the queues in the order given, not in turns
            "priority_steps": [0],
            # Noting a wake-up as unacknowledged needs memory: a full Redis would end the workers that make room in it.
            "ack_emulation": False,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "visibility_timeout": 300,
            **keepalive(redis_url),
        },
    }


def broker_url(redis_url: str) -> str:
    """The settings' Redis address as kombu spells it."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def import_handlers(modules: tuple[str, ...]) -> None:
    """Imports the users' handlers. Raises WrongSettings naming each module that fails, and why."""
    problems = []
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever a user's module raises is told in words
            problems.append(f"SLUICE_HANDLERS: {module} cannot be imported: {type(error).__name__}: {error}")
    if problems:
        raise WrongSettings(problems)


def _spare_collector(**_options: Any) -> None:
    # What is loaded by now stays, and lies in memory shared by all processes of the pool: looking through it at each
    # full collection takes a tenth of the time that an event costs.
    gc.collect()
    gc.freeze()


def _set_up_logging(**_options: Any) -> None:
    logging.configure()
    broker.quieten()
