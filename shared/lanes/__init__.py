"""Lanes: where events wait. A lane is a Redis Stream with one consumer group, a Celery task that drains it, the
Celery queue its wake-ups go to, a sorted set of retries and a stream of dead letters."""

from shared.lanes.lane import LaneSpec, Taken
from shared.lanes.lanes import Lanes, Ticked
from shared.lanes.measures import Measures
from shared.lanes.verdicts import Again, Back, Dead, Done, Next, Verdict

__all__ = ["Again", "Back", "Dead", "Done", "LaneSpec", "Lanes", "Measures", "Next", "Taken", "Ticked", "Verdict"]
