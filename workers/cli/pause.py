"""`sluice pause LANE` and `sluice resume LANE`."""

from typing import Annotated

import redis
import typer

from workers.cli import completion
from workers.cli.common import fail, print_json, redis_client
from workers.lanes.client import pause_lane, resume_lane
from workers.lanes.reader import LaneReader

_Lane = Annotated[
    str,
    typer.Argument(
        metavar="LANE", help="Such as text.greet; `sluice status --all` names them.", autocompletion=completion.lanes
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]


def pause(lane: _Lane, json: _Json = False) -> None:
    """Stop handling a lane, in all workers, within a second: its events wait in Redis.

    What is being handled is ended.

    Examples:

    - `sluice pause text.greet`
    """
    with redis_client() as client:
        _check(client, lane)
        pause_lane(client, lane)
    _tell(f"{lane} is paused; `sluice resume {lane}` ends that.", {"lane": lane, "paused": True}, json)


def resume(lane: _Lane, json: _Json = False) -> None:
    """Handle a paused lane again, at once.

    Examples:

    - `sluice resume text.greet`
    """
    with redis_client() as client:
        _check(client, lane)
        was_paused = resume_lane(client, lane)
    said = f"{lane} is handled again." if was_paused else f"{lane} was not paused."
    _tell(said, {"lane": lane, "paused": False, "was_paused": was_paused}, json)


def _check(client: redis.Redis, lane: str) -> None:
    if not LaneReader(client).exists(lane):
        fail(f"there is no lane {lane}; `sluice status --all` names them")


def _tell(said: str, answer: dict[str, object], json: bool) -> None:
    if json:
        print_json(answer)
    else:
        typer.echo(said)
