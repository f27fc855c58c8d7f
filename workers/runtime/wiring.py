"""How the parts of a lane's work are put together. Traces, timings, log context and attempt history are added here."""

from functools import partial

from shared.lanes.intake import INTAKE_LANES
from workers.handlers.registry import REGISTRY
from workers.lanes import Lanes
from workers.runtime import attempt_history, outcome_log
from workers.runtime.drain import Drain, settle_in
from workers.runtime.lane_config import MEDIA_LANE, LaneConfig
from workers.runtime.resources import WorkerResources
from workers.runtime.steps.base import Observer, Step
from workers.runtime.steps.classify import ClassifyStep
from workers.runtime.steps.enrich_media import EnrichMediaStep
from workers.runtime.steps.handler_call import handler_call
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.tracing import LaneTracing, lane_tracing


def build_drain(resources: WorkerResources, lane: LaneConfig) -> Drain:
    """Build the lane's drain for this process, and start the process's heartbeat. Raises RedisError."""
    name, lanes = lane.spec.name, resources.lanes
    tracing = lane_tracing(resources.tracing, name)
    return Drain(
        name,
        lanes,
        build_step(resources, name, tracing),
        resources.register_consumer(),
        batch=lane.batch,
        budget=lane.budget,
        settle=tracing.settle(settle_in(lanes, name)),
        observers=observers(lanes),
    )


def build_step(resources: WorkerResources, lane: str, tracing: LaneTracing) -> Step:
    """Build the step of a lane: classify, look up media metadata, or run a handler."""
    if lane in INTAKE_LANES:
        media_lane = MEDIA_LANE if resources.settings.media_url else None
        return tracing.step(ClassifyStep(REGISTRY.lanes_by_type(), media_lane))
    if lane == MEDIA_LANE:
        return tracing.step(EnrichMediaStep(REGISTRY.lanes_by_type(), resources.media))
    handler = REGISTRY.handlers[lane]
    return RunHandlerStep(handler, handler_call(handler, tracing.call))


def observers(lanes: Lanes) -> tuple[Observer, ...]:
    """Return what every lane does after a take is settled: record its attempts and log its failures."""
    return (partial(attempt_history.record, lanes.client), outcome_log.log_outcomes)
