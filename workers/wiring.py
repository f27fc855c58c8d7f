"""What each lane's work is made of, from what its process holds."""

from workers.drain import Drain
from workers.handlers.registry import REGISTRY
from workers.lanework.handling import HandlerWork
from workers.lanework.intake import IntakeWork
from workers.lanework.media import MediaParts, MediaWork
from workers.lanework.work import Work
from workers.media import Breaker, MediaAddress, MediaCache, MediaClient, MediaCounts, Policy
from workers.media.breaker import MEDIA_BREAKER
from workers.plan import INTAKE_LANES, MEDIA_LANE, LanePlan
from workers.process import Process
from workers.store import Store


def drain(process: Process, lane: LanePlan) -> Drain:
    """The lane's drain in this process, made at its first wake-up."""

    def make() -> Drain:
        name = lane.spec.name
        return Drain(
            name, process.lanes, _work(process, name), process.living_holder, batch=lane.batch, budget=lane.budget
        )

    return process.get(f"drain {lane.spec.name}", make)


def store(process: Process) -> Store:
    """The process' event store; its tables are created where they are missing. Raises StoreUnavailable."""

    def make() -> Store:
        opened = Store(process.settings.database or "")
        opened.create()
        return opened

    return process.get("store", make)


def _work(process: Process, name: str) -> Work:
    if name in INTAKE_LANES:
        return IntakeWork(REGISTRY.lanes_by_type(), MEDIA_LANE if process.settings.media_url else None)
    if name == MEDIA_LANE:
        return MediaWork(REGISTRY.lanes_by_type(), process.get("media", lambda: _media(process)))
    return HandlerWork(REGISTRY.handlers[name])


def _media(process: Process) -> MediaParts:
    settings, client = process.settings, process.lanes.client
    return MediaParts(
        MediaClient(MediaAddress(settings.media_url or ""), settings.media_header),
        MediaCache(client, "sluice:media"),
        Breaker(client, MEDIA_BREAKER, Policy(per_hour=None)),
        MediaCounts(client),
    )
