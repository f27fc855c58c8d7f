"""What each lane's work is made of, from what its process holds."""

from functools import partial

from workers.handlers.registry import REGISTRY
from workers.media import Breaker, MediaAddress, MediaCache, MediaClient, MediaCounts, Policy
from workers.media.breaker import MEDIA_BREAKER
from workers.runtime.drain import Drain, untraced
from workers.runtime.lane_config import INTAKE_LANES, MEDIA_LANE, LanePlan
from workers.runtime.resources import Process
from workers.runtime.steps.base import Work
from workers.runtime.steps.classify import IntakeWork
from workers.runtime.steps.enrich_media import MediaParts, MediaWork
from workers.runtime.steps.run_handler import HandlerWork
from workers.runtime.tracing import TracedHandlerWork, TracedWork, settling
from workers.store import Store


def drain(process: Process, lane: LanePlan) -> Drain:
    """The lane's drain in this process, made at its first wake-up."""

    def make() -> Drain:
        name, tracing = lane.spec.name, process.tracing
        around = partial(settling, tracing, name) if tracing else untraced
        work, holder = _work(process, name), process.living_holder
        return Drain(name, process.lanes, work, holder, batch=lane.batch, budget=lane.budget, settling=around)

    return process.get(f"drain {lane.spec.name}", make)


def store(process: Process) -> Store:
    """The process' event store; its tables are created where they are missing. Raises StoreUnavailable."""

    def make() -> Store:
        opened = Store(process.settings.database or "")
        opened.create()
        return opened

    return process.get("store", make)


def _work(process: Process, name: str) -> Work:
    tracing = process.tracing
    if name == MEDIA_LANE or name in INTAKE_LANES:
        work = _media_work(process) if name == MEDIA_LANE else _intake_work(process)
        return TracedWork(name, work, tracing) if tracing else work
    handler = REGISTRY.handlers[name]
    return TracedHandlerWork(handler, tracing) if tracing else HandlerWork(handler)


def _intake_work(process: Process) -> IntakeWork:
    return IntakeWork(REGISTRY.lanes_by_type(), MEDIA_LANE if process.settings.media_url else None)


def _media_work(process: Process) -> MediaWork:
    return MediaWork(REGISTRY.lanes_by_type(), process.get("media", lambda: _media(process)))


def _media(process: Process) -> MediaParts:
    settings, client = process.settings, process.lanes.client
    return MediaParts(
        MediaClient(MediaAddress(settings.media_url or ""), settings.media_header),
        MediaCache(client, "sluice:media"),
        Breaker(client, MEDIA_BREAKER, Policy(per_hour=None)),
        MediaCounts(client),
    )
