"""`sluice health …`: check the ingress or the workers of this machine. For probes, so this module imports little."""

import http.client
import socket
from collections.abc import Callable
from typing import Annotated, NamedTuple, NoReturn

import orjson
import typer
from redis.exceptions import RedisError

from shared.redis.connection import connect
from shared.text import escape_control_chars
from workers.cli.common import Json, fail, load_settings, print_json, redis_url
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import WorkerStatus

_READY_PATH = "/health/ready"
TIMEOUT = 3.0  # seconds
_MAX_RESPONSE_BYTES = 65536
_PROBE_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - these bind all addresses, loopback included
#: States in which a restart has begun or is about to.
_TRANSITIONAL_STATES = {worker_status.STARTING, worker_status.STOPPING, worker_status.ENDING}

app = typer.Typer(
    help="Check the ingress or a worker of this machine: exit code 0 if it is healthy, else 1 and the reason.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class HealthReport(NamedTuple):
    """The result of a probe: one line, and further fields for JSON."""

    healthy: bool
    reason: str
    fields: dict[str, object]


@app.command()
def web(json: Json = False) -> None:
    """Ask the ingress at SLUICE_HOST:SLUICE_PORT if it takes webhooks (GET /health/ready), within 3 s.

    It does while Redis is unavailable, as long as its spool has room. Use this for readiness probes, and
    GET /health/live for liveness probes.

    Examples:

    - `sluice health web && echo ready`
    """
    settings = load_settings()
    _report(_probe_ingress(_PROBE_HOST.get(settings.host, settings.host), settings.port), json)


@app.command()
def worker(
    anywhere: Annotated[bool, typer.Option("--any", help="Accept a worker of any machine.")] = False,
    liveness: Annotated[
        bool,
        typer.Option("--liveness", help="Report only what a restart would fix. Exit code 0 if Redis is unavailable."),
    ] = False,
    json: Json = False,
) -> None:
    """Check in Redis that at least one worker of this machine (or container) takes messages.

    Use it without options for readiness probes and for people: the exit code is 1 if Redis is unavailable. Use
    --liveness for liveness probes: restarting workers during a Redis outage would lose their work in progress and fix
    nothing.

    Examples:

    - `sluice health worker`
    - `sluice health worker --any --json`
    """
    url = redis_url()
    try:
        with connect(url, retries=0) as client:
            workers = worker_status.worker_statuses(client)
    except RedisError as error:
        fields: dict[str, object] = {"error": type(error).__name__, "workers": []}
        _report(HealthReport(liveness, "Redis is unavailable", fields), json)
    here = [each for each in workers if anywhere or each.report.host == socket.gethostname()]
    _report(_judge(here, _fixable_problem if liveness else _problem, "" if anywhere else " of this host"), json)


def _probe_ingress(host: str, port: int) -> HealthReport:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", _READY_PATH)
        response = connection.getresponse()
        body = response.read(_MAX_RESPONSE_BYTES)
    except (OSError, http.client.HTTPException) as error:
        why = "no answer within 3 s" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        shown_host = f"[{host}]" if ":" in host else host  # IPv6
        return HealthReport(False, f"http://{shown_host}:{port}: {why}", {"status": None})
    finally:
        connection.close()
    ready, text = _parse_response(body)
    return HealthReport(ready and response.status == 200, f"{response.status} {text}", {"status": response.status})


def _parse_response(body: bytes) -> tuple[bool, str]:
    """Return whether the ingress reports that it is ready, and its message. Another program's body is shown as text."""
    try:
        document = orjson.loads(body)
        if "error" in document:
            return False, str(document["error"]["message"])
        return document["status"] == "ready", str(document.get("redis") or document["status"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return False, body[:200].decode("utf-8", "replace")


def _problem(worker: WorkerStatus) -> str:
    return worker.problem


def _fixable_problem(worker: WorkerStatus) -> str:
    """Return the worker's problem if a restart would fix it, else ""."""
    reports = worker.age < worker_status.REPORT_TIMEOUT
    return "" if reports and worker.report.state in _TRANSITIONAL_STATES else worker.problem


def _judge(workers: list[WorkerStatus], problem_of: Callable[[WorkerStatus], str], where: str) -> HealthReport:
    """Return a report that is healthy if at least one worker has no problem."""
    problems = {each: problem_of(each) for each in workers}
    healthy = [each.report.node for each, problem in problems.items() if not problem]
    if healthy:
        reason = f"{len(healthy)} of {len(workers)} workers{where} healthy: {', '.join(healthy)}"
    elif workers:
        reason = "; ".join(f"{each.report.node}: {problem}" for each, problem in problems.items())
    else:
        reason = f"no worker{where} has reported in the last minutes"
    return HealthReport(bool(healthy), reason, {"workers": [_fields(each, why) for each, why in problems.items()]})


def _fields(worker: WorkerStatus, problem: str) -> dict[str, object]:
    return {"name": worker.name, "seconds_ago": round(worker.age, 1), "trouble": problem} | worker.report.as_dict()


def _report(report: HealthReport, json: bool) -> NoReturn:
    """Print the report and exit with its code."""
    if json:
        print_json({"well": report.healthy, "reason": report.reason} | report.fields)
    elif report.healthy:
        typer.echo(escape_control_chars(report.reason))
    else:
        fail(report.reason)
    raise typer.Exit(0 if report.healthy else 1)
