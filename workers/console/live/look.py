"""One look at the running system: lanes, workers, ingresses, the server. Reads only."""

from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError

from shared.lanes.survey import LaneStatus, survey
from workers.liveness import presence
from workers.liveness.presence import Worker
from workers.plan import INTAKE_LANES, MEDIA_LANE

#: What the ingress tells (ingress/report.py): its processes by the time (ms) of their last word, what each last said,
#: and all answers that were ever given, by HTTP status.
INGRESSES, ANSWERS = "sluice:ingresses", "sluice:answers"
_INGRESS = "sluice:ingress:"


class Ingress(NamedTuple):
    """What one ingress process said of itself."""

    id: str
    spooled: int  # webhooks
    spool_bytes: int
    spool_since_ms: int | None  # the oldest webhook in its spool, since 1970
    refusing: str  # why its spool takes no webhooks; empty: it does


class Server(NamedTuple):
    """The Redis server, as far as it says."""

    version: str
    memory: int  # bytes
    memory_limit: int  # bytes; 0: none
    policy: str  # what it does when that is reached
    appendonly: bool
    appendfsync: str  # empty: it does not tell
    writes_logged: bool  # its last write of the log went well
    replicas: int
    uptime_s: int


class Look(NamedTuple):
    """Everything at one moment."""

    at_ms: int  # by the server's clock, since 1970
    lanes: list[LaneStatus]
    workers: list[Worker]
    ingresses: list[Ingress] | None  # None: no ingress ever said a word
    answers: dict[str, int]  # that were ever given, by HTTP status
    server: Server

    @property
    def taken(self) -> int:
        """Webhooks that were ever put into the intake lanes: what waits there and what left them."""
        return sum(
            lane.waiting + lane.in_flight + lane.retries + _count(lane, "done", "dead") - _count(lane, "replayed")
            for lane in self.lanes
            if lane.lane in INTAKE_LANES
        )

    @property
    def handled(self) -> int:
        """Runs of handlers that ever ended well."""
        return sum(_count(lane, "done") for lane in self.lanes if is_handler(lane.lane))

    @property
    def errors(self) -> int:
        """Runs that ever ended in a retry or a dead letter."""
        return sum(_count(lane, "retry", "dead") for lane in self.lanes)

    @property
    def lag_ms(self) -> int:
        """Age of the oldest event that is not handled, retries aside, the spool included."""
        ages = [lane.oldest_ms for lane in self.lanes if lane.oldest_ms is not None]
        ages += [self.at_ms - found.spool_since_ms for found in self.ingresses or () if found.spool_since_ms]
        return max([0, *ages])


def is_handler(lane: str) -> bool:
    """Whether it is a handler's lane, not one of Sluice's own steps before."""
    return lane not in INTAKE_LANES and lane != MEDIA_LANE


def look(client: redis.Redis) -> Look:
    """Raises RedisError."""
    seconds, micros = client.time()
    return Look(
        at_ms=int(seconds) * 1000 + int(micros) // 1000,
        lanes=survey(client),
        workers=presence.survey(client),
        ingresses=ingresses(client),
        answers=_answers(client),
        server=_server(client),
    )


def ingresses(client: redis.Redis) -> list[Ingress] | None:
    """What each process of the ingress said last; None where none ever said a word. Raises RedisError."""
    known: Any = client.zrange(INGRESSES, 0, -1)
    if not known:
        return [] if client.exists(ANSWERS) else None
    pipe = client.pipeline(transaction=False)
    for name in known:
        pipe.hgetall(f"{_INGRESS}{name.decode()}")
    return [_ingress(name.decode(), said) for name, said in zip(known, pipe.execute(), strict=True) if said]


def _ingress(name: str, said: dict[bytes, bytes]) -> Ingress:
    def number(field: bytes) -> int:
        return int(float(said.get(field) or 0))

    refusing = said.get(b"refusing", b"").decode("utf-8", "replace")
    return Ingress(
        name,
        number(b"spooled_records"),
        number(b"spool_bytes"),
        number(b"spool_since_ms") or None,
        "" if refusing == "0" else refusing,
    )


def _answers(client: redis.Redis) -> dict[str, int]:
    found: Any = client.hgetall(ANSWERS)
    return {code.decode(): int(count) for code, count in found.items()}


def _server(client: redis.Redis) -> Server:
    info: Any = client.info()
    return Server(
        version=("Valkey " + info["valkey_version"]) if "valkey_version" in info else f"Redis {info['redis_version']}",
        memory=int(info["used_memory"]),
        memory_limit=int(info["maxmemory"]),
        policy=str(info["maxmemory_policy"]),
        appendonly=bool(info["aof_enabled"]),
        appendfsync=_appendfsync(client),
        writes_logged=info.get("aof_last_write_status", "ok") == "ok",
        replicas=int(info.get("connected_slaves", 0)),
        uptime_s=int(info["uptime_in_seconds"]),
    )


def _appendfsync(client: redis.Redis) -> str:
    try:
        told: Any = client.config_get("appendfsync")
    except ResponseError:  # managed servers keep CONFIG to themselves
        return ""
    return str(told.get("appendfsync", ""))


def _count(lane: LaneStatus, *what: str) -> int:
    return sum(lane.counts.get(name, 0) for name in what)
