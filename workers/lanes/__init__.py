"""Lanes: where events wait, and everything that knows how they are stored in Redis.

A lane is a Redis Stream with one consumer group, a Celery task that drains it, the Celery queue of its wake-ups, a
sorted set of retries and a stream of dead letters.

client                      Lanes: register, push, take, settle, maintain
outcomes, timings           what is settled
reader, status, records     reading lanes, for operators
dead_letter_queue, eraser   acting on dead letters, erasing a customer's entries
circuit_breaker             its policy and status
heartbeats                  which processes that hold entries are alive
scripts/                    the Lua scripts behind all of it
"""

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
