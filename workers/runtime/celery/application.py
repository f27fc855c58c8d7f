"""The Celery application, put together from the settings."""

import gc
import importlib
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_shutdown, worker_shutdown

from shared.errors import InvalidSettings
from shared.observability import tracing
from shared.observability.logging import configure_logging
from shared.redis.connection import connect, keepalive
from shared.settings import Settings
from workers.handlers.registry import REGISTRY
from workers.lanes import wakeup_message
from workers.runtime import builtin_handlers, wiring
from workers.runtime.celery import broker
from workers.runtime.celery.tasks import DrainTask
from workers.runtime.lane_config import lane_configs, queues
from workers.runtime.liveness.bootstep import WatchdogStep
from workers.runtime.liveness.self_ping import SelfPing, SelfPingTask
from workers.runtime.liveness.watchdog import Watchdog
from workers.runtime.liveness.worker_status import WorkerStatusPublisher
from workers.runtime.maintenance import LaneMaintenance, MaintenanceStep
from workers.runtime.per_process import PerProcess
from workers.runtime.resources import WorkerResources


def create_app(settings: Settings) -> Celery:
    """The application with a task for every lane. Raises InvalidSettings, also for a handler module that fails."""
    resources = WorkerResources(settings, tracing.tracer_factory("sluice-worker"))
    if settings.database is not None:
        builtin_handlers.register(lambda: resources.store)
    import_handlers(settings.handlers)
    lanes = lane_configs(REGISTRY, media=settings.media_url is not None)
    app = Celery("sluice", broker=broker_url(settings.redis), amqp=broker.LanesAMQP)
    app.conf.update(configuration(queues(lanes), settings.redis))
    for name, lane in lanes.items():
        drain = PerProcess(partial(wiring.build_drain, resources, lane))
        app.register_task(DrainTask(name, drain.get, lane.hard_limit))
    ticker = LaneMaintenance(lambda: resources.lanes, [lane.spec for lane in lanes.values()], resources.consumer_name)
    app.steps["worker"].add(type("Tick", (MaintenanceStep,), {"ticker": staticmethod(ticker)}))
    app.steps["worker"].add(broker.DisableGossipStep)
    app.steps["worker"].add(broker.WakeOnThreadIdleStep)
    install_watchdog(app, resources)
    setup_logging.connect(_set_up_logging)
    worker_init.connect(_freeze_gc_heap)
    # A process of a prefork pool ends with the first of these, any other worker with the second.
    for ended in (worker_process_shutdown, worker_shutdown):
        ended.connect(lambda **_details: resources.close_tracing(), weak=False)
    return app


def install_watchdog(app: Celery, resources: WorkerResources) -> None:
    """Has a worker of this application watched, and ended where it takes no messages any more."""
    pulses = SelfPing(resources.worker_name)
    watch = Watchdog(
        pulses, WorkerStatusPublisher(connect(resources.settings.redis, retries=0), resources.worker_name, pulses.key)
    )
    app.register_task(SelfPingTask(watch.on_message))
    app.steps["worker"].add(type("Watched", (WatchdogStep,), {"watch": watch}))


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
    """Imports the users' handlers. Raises InvalidSettings naming each module that fails, and why."""
    problems = []
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever a user's module raises is told in words
            problems.append(f"SLUICE_HANDLERS: {module} cannot be imported: {type(error).__name__}: {error}")
    if problems:
        raise InvalidSettings(problems)


def _freeze_gc_heap(**_options: Any) -> None:
    # What is loaded by now stays, and lies in memory shared by all processes of the pool: looking through it at each
    # full collection takes a tenth of the time that an event costs.
    gc.collect()
    gc.freeze()


def _set_up_logging(**_options: Any) -> None:
    configure_logging()
    broker.install_log_filter()
