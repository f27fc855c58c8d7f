"""`sluice health …`: whether what runs on this machine is well. For probes, so it loads little."""

import http.client
import socket
from collections.abc import Callable
from typing import Annotated, NamedTuple, NoReturn

import orjson
import typer
from redis.exceptions import RedisError

from shared.errors import InvalidSettings
from shared.redis.connection import connect
from shared.startup import exit_with
from shared.text import escape_control_chars
from workers.cli.common import fail, print_json, settings
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import WorkerStatus

_READY = "/health/ready"
_TIMEOUT = 3.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is bound so is asked on loopback
#: What a new start would mend, or has begun to.
_UNDER_WAY = {worker_status.STARTING, worker_status.STOPPING, worker_status.ENDING}
_Json = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]

app = typer.Typer(
    help="Whether the ingress or a worker of this machine is well: exit code 0 if it is, else 1 and the reason.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Answer(NamedTuple):
    """What a probe is told: one line, and what JSON says beyond it."""

    well: bool
    line: str
    more: dict[str, object]


@app.command()
def web(json: _Json = False) -> None:
    """Ask the ingress at SLUICE_HOST:SLUICE_PORT whether it takes webhooks (GET /health/ready), for 3 s at most.

    It does while Redis is away, as long as its spool has room. For a readiness probe; GET /health/live is for liveness.

    Examples:

    - `sluice health web && echo ready`
    """
    found = settings()
    host = _EVERYWHERE.get(found.host, found.host)
    _tell(_ask(host, found.port), json)


@app.command()
def worker(
    anywhere: Annotated[bool, typer.Option("--any", help="Of all machines, not only of this one.")] = False,
    liveness: Annotated[
        bool, typer.Option("--liveness", help="Only what a new start would mend: exit code 0 also without Redis.")
    ] = False,
    json: _Json = False,
) -> None:
    """Look in Redis whether at least one worker of this machine (or container) takes messages.

    As it is, for a readiness probe and for people: exit code 1 also where Redis cannot be reached. With --liveness, for
    a liveness probe: ending workers because Redis is away would cost what they have in hand and mend nothing.

    Examples:

    - `sluice health worker`
    - `sluice health worker --any --json`
    """
    try:
        url = settings().redis
    except InvalidSettings as error:
        exit_with(error)
    try:
        with connect(url, retries=0) as client:
            workers = worker_status.worker_statuses(client)
    except RedisError as error:
        _tell(Answer(liveness, "Redis cannot be reached", {"error": type(error).__name__, "workers": []}), json)
    here = [found for found in workers if anywhere or found.report.host == socket.gethostname()]
    _tell(_judge(here, _mendable if liveness else _trouble, "" if anywhere else " of this host"), json)


def _ask(host: str, port: int) -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", _READY)
        answer = connection.getresponse()
        body = answer.read(65536)
    except (OSError, http.client.HTTPException) as error:
        why = "it does not answer within 3 s" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        shown = f"[{host}]" if ":" in host else host  # IPv6
        return Answer(False, f"http://{shown}:{port}: {why}", {"status": None})
    finally:
        connection.close()
    ready, words = _read(body)
    return Answer(ready and answer.status == 200, f"{answer.status} {words}", {"status": answer.status})


def _read(body: bytes) -> tuple[bool, str]:
    """Whether the ingress says that it is ready, and its words. Another program's are shown as they are."""
    try:
        told = orjson.loads(body)
        if "error" in told:
            return False, str(told["error"]["message"])
        return told["status"] == "ready", str(told.get("redis") or told["status"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return False, body[:200].decode("utf-8", "replace")


def _trouble(found: WorkerStatus) -> str:
    return found.problem


def _mendable(found: WorkerStatus) -> str:
    heard = found.age < worker_status.REPORT_TIMEOUT
    return "" if heard and found.report.state in _UNDER_WAY else found.problem


def _judge(workers: list[WorkerStatus], trouble: Callable[[WorkerStatus], str], where: str) -> Answer:
    troubles = {found: trouble(found) for found in workers}
    well = [found.report.node for found, why in troubles.items() if not why]
    if well:
        line = f"{len(well)} of {len(workers)} workers{where} well: {', '.join(well)}"
    elif workers:
        line = "; ".join(f"{found.report.node}: {why}" for found, why in troubles.items())
    else:
        line = f"no worker{where} has said anything within the last minutes"
    return Answer(bool(well), line, {"workers": [_as_dict(found, why) for found, why in troubles.items()]})


def _as_dict(found: WorkerStatus, why: str) -> dict[str, object]:
    return {"name": found.name, "seconds_ago": round(found.age, 1), "trouble": why} | found.report.as_dict()


def _tell(answer: Answer, json: bool) -> NoReturn:
    if json:
        print_json({"well": answer.well, "reason": answer.line} | answer.more)
    elif answer.well:
        typer.echo(escape_control_chars(answer.line))
    else:
        fail(answer.line)
    raise typer.Exit(0 if answer.well else 1)
