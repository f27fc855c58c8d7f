"""What each lane's work is made of, from what its process holds."""

from functools import partial

from shared.lanes.intake import INTAKE_LANES
from workers.handlers.registry import REGISTRY
from workers.media import (
    MediaAddress,
    MediaAnswerCounter,
    MediaBreakerPolicy,
    MediaCache,
    MediaCircuitBreaker,
    MediaClient,
)
from workers.media.breaker import MEDIA_BREAKER_KEY
from workers.runtime.drain import Drain, untraced
from workers.runtime.lane_config import MEDIA_LANE, LaneConfig
from workers.runtime.resources import WorkerResources
from workers.runtime.steps.base import Step
from workers.runtime.steps.classify import ClassifyStep
from workers.runtime.steps.enrich_media import EnrichMediaStep, MediaParts
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.tracing import TracedHandlerWork, TracedWork, settling
from workers.store import Store


def drain(process: WorkerResources, lane: LaneConfig) -> Drain:
    """The lane's drain in this process, made at its first wake-up."""

    def make() -> Drain:
        name, tracing = lane.spec.name, process.tracing
        around = partial(settling, tracing, name) if tracing else untraced
        work, holder = _work(process, name), process.registered_consumer_name
        return Drain(name, process.lanes, work, holder, batch=lane.batch, budget=lane.budget, settling=around)

    return process.get(f"drain {lane.spec.name}", make)


def store(process: WorkerResources) -> Store:
    """The process' event store; its tables are created where they are missing. Raises StoreUnavailable."""

    def make() -> Store:
        opened = Store(process.settings.database or "")
        opened.create()
        return opened

    return process.get("store", make)


def _work(process: WorkerResources, name: str) -> Step:
    tracing = process.tracing
    if name == MEDIA_LANE or name in INTAKE_LANES:
        work = _media_work(process) if name == MEDIA_LANE else _intake_work(process)
        return TracedWork(name, work, tracing) if tracing else work
    handler = REGISTRY.handlers[name]
    return TracedHandlerWork(handler, tracing) if tracing else RunHandlerStep(handler)


def _intake_work(process: WorkerResources) -> ClassifyStep:
    return ClassifyStep(REGISTRY.lanes_by_type(), MEDIA_LANE if process.settings.media_url else None)


def _media_work(process: WorkerResources) -> EnrichMediaStep:
    return EnrichMediaStep(REGISTRY.lanes_by_type(), process.get("media", lambda: _media(process)))


def _media(process: WorkerResources) -> MediaParts:
    settings, client = process.settings, process.lanes.client
    return MediaParts(
        MediaClient(MediaAddress(settings.media_url or ""), settings.media_header),
        MediaCache(client, "sluice:media"),
        MediaCircuitBreaker(client, MEDIA_BREAKER_KEY, MediaBreakerPolicy(per_hour=None)),
        MediaAnswerCounter(client),
    )
