"""What is wrong with the lanes: events that are late, stuck, or dead. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from shared.format import count_of, span
from workers.lanes.status import LaneStatus
from workers.operations.monitoring.problem import Grade, Trouble

#: Age (ms) of the oldest unhandled event that is late, and how long (ms) a due retry may wait for its mover.
LATE = 60_000
_OVERDUE = 15_000
#: Retries of one lane that are no longer a matter of course.
MANY_RETRIES = 20


def of_lanes(lanes: Sequence[LaneStatus], errors: Mapping[str, str], newly_dead: int) -> list[Trouble]:
    """`errors`: the last one of each lane; `newly_dead`: dead letters more than an hour ago."""
    found = [trouble for lane in lanes for trouble in _lane(lane, errors.get(lane.lane, ""))]
    return [*found, *_late(lanes), *_dead(lanes, errors, newly_dead)]


def _dead(lanes: Sequence[LaneStatus], errors: Mapping[str, str], newly_dead: int) -> list[Trouble]:
    dead = sum(lane.dead for lane in lanes)
    most = max(lanes, key=lambda lane: lane.dead, default=None)
    if newly_dead > 0:
        text = f"{count_of(newly_dead, 'new dead letter')} within the last hour."
        if most is not None and most.dead:
            text += f" Most are of {most.lane}: {errors.get(most.lane) or 'no error told'}"
        return [Trouble("dead", Grade.STUCK, text, "Look why, then replay or discard them.", "/dead")]
    if dead:
        text = f"{count_of(dead, 'dead letter')} {'waits' if dead == 1 else 'wait'} for a decision."
        return [Trouble("dead-old", Grade.NOTE, text, "Replay or discard them.", "/dead")]
    return []


def _lane(lane: LaneStatus, error: str) -> list[Trouble]:
    link = f"/lanes/{lane.lane}"
    found = []
    if lane.breaker is not None:
        text = f"The handler of {lane.lane} fails for every event: {lane.breaker.error}"
        advice = "Its events wait, charged no attempt; one is tried now and then."
        found.append(Trouble(f"breaker {lane.lane}", Grade.STUCK, text, advice, link, since_ms=lane.breaker.since_ms))
    if lane.paused:
        text = f"{lane.lane} is paused; {count_of(lane.waiting, 'event')} {'waits' if lane.waiting == 1 else 'wait'}."
        found.append(Trouble(f"paused {lane.lane}", Grade.NOTE, text, "Somebody paused it.", link))
    if lane.retries >= MANY_RETRIES and lane.breaker is None:
        text = f"{count_of(lane.retries, 'event')} of {lane.lane} failed and {_will_be_tried(lane)}: {error}"
        found.append(Trouble(f"retries {lane.lane}", Grade.LATE, text, "They are late until then.", link))
    if lane.next_retry_ms is not None and lane.next_retry_ms < -_OVERDUE and not lane.paused:
        text = f"Retries of {lane.lane} are overdue by {span(-lane.next_retry_ms / 1000)}: no worker moves them."
        found.append(Trouble(f"overdue {lane.lane}", Grade.STUCK, text, "Are workers alive?", link))
    return found


def _will_be_tried(lane: LaneStatus) -> str:
    if lane.next_retry_ms is None or lane.next_retry_ms <= 0:
        return "are due to be tried again"
    return f"will be tried again, the next in {span(lane.next_retry_ms / 1000)}"


def _late(lanes: Iterable[LaneStatus]) -> list[Trouble]:
    late = [lane for lane in lanes if lane.oldest_ms and lane.oldest_ms > LATE and not lane.paused]
    if not late:
        return []
    worst = max(late, key=lambda lane: lane.oldest_ms or 0)
    text = f"Events are late: the oldest in {worst.lane} has waited for {span((worst.oldest_ms or 0) / 1000)}."
    advice = "More workers, a faster handler, or look what holds it up."
    return [Trouble("late", Grade.LATE, text, advice, f"/lanes/{worst.lane}")]
