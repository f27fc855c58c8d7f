"""`sluice pause LANE` and `sluice resume LANE`."""

from typing import Annotated

import redis
import typer

from workers.cli import completion
from workers.cli.common import Json, fail, print_result, redis_client
from workers.lanes.client import pause_lane, resume_lane
from workers.lanes.reader import LaneReader

_Lane = Annotated[
    str,
    typer.Argument(
        metavar="LANE",
        help="For example text.greet; `sluice status --all` lists the lanes.",
        autocompletion=completion.lane_names,
    ),
]


def pause(lane: _Lane, json: Json = False) -> None:
    """Stop handling a lane in all workers, within a second. Its events wait in Redis.

    Handlers that are running finish.

    Examples:

    - `sluice pause text.greet`
    """
    with redis_client() as client:
        _require_lane(client, lane)
        pause_lane(client, lane)
    print_result(f"{lane} is paused; `sluice resume {lane}` resumes it.", {"lane": lane, "paused": True}, json)


def resume(lane: _Lane, json: Json = False) -> None:
    """Handle a paused lane again, at once.

    Examples:

    - `sluice resume text.greet`
    """
    with redis_client() as client:
        _require_lane(client, lane)
        was_paused = resume_lane(client, lane)
    text = f"{lane} is resumed." if was_paused else f"{lane} was not paused."
    print_result(text, {"lane": lane, "paused": False, "was_paused": was_paused}, json)


def _require_lane(client: redis.Redis, lane: str) -> None:
    if not LaneReader(client).exists(lane):
        fail(f"unknown lane {lane}; `sluice status --all` lists the lanes")
