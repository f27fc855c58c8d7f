"""The Celery application, built from the settings."""

import gc
import importlib
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_shutdown, worker_shutdown

from shared.errors import InvalidSettings
from shared.observability.logging import configure_logging
from shared.observability.tracing.factory import tracer_factory
from shared.redis.connection import connect, keepalive
from shared.settings import Settings
from workers.handlers.registry import REGISTRY
from workers.lanes import wakeup_message
from workers.runtime import builtin_handlers, wiring
from workers.runtime.celery import bootsteps, broker
from workers.runtime.celery.tasks import DrainTask, SelfPingTask
from workers.runtime.lane_config import lane_configs, queues_by_priority
from workers.runtime.liveness.self_ping import SelfPing
from workers.runtime.liveness.watchdog import Watchdog
from workers.runtime.liveness.worker_status import WorkerStatusPublisher
from workers.runtime.maintenance import LaneMaintenance
from workers.runtime.per_process import PerProcess
from workers.runtime.resources import WorkerResources


def create_app(settings: Settings) -> Celery:
    """Return the application, with a task for every lane.

    Raises InvalidSettings, also if a module of handlers cannot be imported.
    """
    resources = WorkerResources(settings, tracer_factory("sluice-worker"))
    if settings.database is not None:
        builtin_handlers.register(lambda: resources.store)
    import_handlers(settings.handlers)
    lanes = lane_configs(REGISTRY, media=settings.media_url is not None)
    app = Celery("sluice", broker=broker_url(settings.redis), amqp=broker.LanesAMQP)
    app.conf.update(configuration(queues_by_priority(lanes), settings.redis))
    for name, lane in lanes.items():
        drain = PerProcess(partial(wiring.build_drain, resources, lane))
        app.register_task(DrainTask(name, drain.get, lane.hard_limit))
    specs = [lane.spec for lane in lanes.values()]
    maintenance = LaneMaintenance(lambda: resources.lanes, specs, resources.consumer_name)
    app.steps["worker"].add(bootsteps.maintenance_step(maintenance))
    app.steps["worker"].add(bootsteps.DisableGossipStep)
    app.steps["worker"].add(bootsteps.WakeOnThreadIdleStep)
    install_watchdog(app, resources)
    setup_logging.connect(_set_up_logging)
    worker_init.connect(_freeze_gc_heap)
    # The first signal is sent when a process of a prefork pool ends, the second when any other worker does.
    for signal in (worker_process_shutdown, worker_shutdown):
        signal.connect(lambda **_details: resources.close_tracing(), weak=False)
    return app


def install_watchdog(app: Celery, resources: WorkerResources) -> None:
    """Have the application's workers watched, and ended when they receive no messages any more."""
    ping, client = SelfPing(resources.worker_name), connect(resources.settings.redis, retries=0)
    watchdog = Watchdog(ping, WorkerStatusPublisher(client, resources.worker_name, ping.key))
    app.register_task(SelfPingTask(watchdog.on_message))
    app.steps["worker"].add(bootsteps.watchdog_step(watchdog))


def configuration(queue_names: list[str], redis_url: str) -> dict[str, Any]:
    """Return Celery's settings. Wake-ups carry no data and may be lost, so Celery's safety nets are turned off."""
    return {
        "task_queues": [broker.queue(name) for name in queue_names],
        "task_default_queue": queue_names[0],
        "task_ignore_result": True,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,  # a wake-up that waits in a busy worker cannot be taken by an idle one
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,  # needs two more connections, and memory in Redis at the start
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "global_keyprefix": wakeup_message.KEY_PREFIX,
            "queue_order_strategy": "priority",  # the queues in the order given, not in turns
            "priority_steps": [0],
            # Recording a wake-up as unacknowledged needs memory: a full Redis would end the workers that make room.
            "ack_emulation": False,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "visibility_timeout": 300,
            **keepalive(redis_url),
        },
    }


def broker_url(redis_url: str) -> str:
    """Return the settings' Redis URL in kombu's form."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def import_handlers(modules: tuple[str, ...]) -> None:
    """Import the user's modules of handlers. Raises InvalidSettings with each module that fails, and why."""
    problems = []
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a user's module may raise anything
            problems.append(f"SLUICE_HANDLERS: {module} cannot be imported: {type(error).__name__}: {error}")
    if problems:
        raise InvalidSettings(problems)


def _freeze_gc_heap(**_options: Any) -> None:
    # What is loaded by now stays loaded, in memory that all processes of the pool share. Scanning it at each full
    # collection takes a tenth of the time that an event costs.
    gc.collect()
    gc.freeze()


def _set_up_logging(**_options: Any) -> None:
    configure_logging()
    broker.install_log_filter()
