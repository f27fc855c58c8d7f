"""Lanes: where events wait. A lane is a Redis Stream with one consumer group, a Celery task that drains it, the
Celery queue its wake-ups go to, a sorted set of retries and a stream of dead letters."""

from workers.lanes.client import Lanes, MaintenanceReport
from workers.lanes.lane import LaneSpec, TakenEntry
from workers.lanes.outcomes import Completed, DeadLettered, FollowUp, Outcome, Released, Rescheduled
from workers.lanes.timings import TakeTimings

__all__ = [
    "Completed",
    "DeadLettered",
    "FollowUp",
    "LaneSpec",
    "Lanes",
    "MaintenanceReport",
    "Outcome",
    "Released",
    "Rescheduled",
    "TakeTimings",
    "TakenEntry",
]
