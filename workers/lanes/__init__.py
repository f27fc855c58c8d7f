"""Lanes: where events wait. A lane is a Redis Stream with one consumer group, a Celery task that drains it, the
Celery queue its wake-ups go to, a sorted set of retries and a stream of dead letters."""

from shared.lanes.keys import LaneSpec, Taken
from workers.lanes.client import Lanes, Ticked
from workers.lanes.outcomes import Again, Back, Dead, Done, Next, Verdict
from workers.lanes.timings import Measures

__all__ = ["Again", "Back", "Dead", "Done", "LaneSpec", "Lanes", "Measures", "Next", "Taken", "Ticked", "Verdict"]
