"""Pushing a group of receipts into an intake lane, and knowing whether Redis can be had."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis.asyncio
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from shared.errors import ServiceOverloaded
from shared.lanes.intake import push_script
from shared.lanes.keys import stream_key
from shared.observability.logging import get_logger

_log = get_logger(__name__)

#: What fails now and then, or in one lane only, is one trouble: it is over when nothing failed for so many seconds.
RECOVERY_SECONDS = 5.0


class RedisOutageLog:
    """Why Redis does not take webhooks just now: a line a reason, however many webhooks it concerns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: set[str] = set()
        self._last = 0.0

    def refused(self, reason: str) -> None:
        """A push failed for that reason."""
        self._last = self._clock()
        if reason not in self._told:
            self._told.add(reason)
            _log.error("Redis does not take webhooks", reason=reason)

    def taken(self) -> None:
        """A push succeeded."""
        if self._told and self._clock() - self._last >= RECOVERY_SECONDS:
            self._told.clear()
            _log.info("Redis takes webhooks again")


_ERRORS = (RedisError, OSError, TimeoutError)
#: Why Redis does not write, in an operator's words: by redis-py's class where it has one (it takes the code off the
#: message), else by the code that the message begins with.
_REASON_BY_CLASS: dict[type[Exception], str] = {
    OutOfMemoryError: "Redis is full",
    ReadOnlyError: "Redis is read-only",
    BusyLoadingError: "Redis is loading its data",
    AuthenticationError: "Redis refuses the password",
    NoPermissionError: "Redis does not allow this user to write",
}
_REASON_BY_CODE = {
    "BACKLOG": "too many webhooks wait",
    "MISCONF": "Redis cannot write its files",
    "NOREPLICAS": "Redis has too few replicas to write",
}


class IntakeWriter:
    """The ingress's one way into Redis."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        max_backlog: int = 0,
        min_replicas: int = 0,
        trouble: RedisOutageLog | None = None,
    ) -> None:
        self._client = client
        self._script = client.register_script(push_script())
        self._max_backlog = max_backlog
        self._min_replicas = min_replicas
        self._trouble = trouble or RedisOutageLog()

    async def push(self, lane: str, receipts: Sequence[bytes]) -> None:
        """Returns once Redis (and as many replicas as asked for) has them. Raises ServiceOverloaded."""
        try:
            replicas = await self._send([stream_key(lane)], [lane, self._max_backlog, *receipts])
        except _ERRORS as error:
            raise self._refused(_reason(error)) from None
        if replicas < self._min_replicas:
            raise self._refused("too few replicas have it")
        self._trouble.taken()

    async def ping(self) -> str | None:
        """None where Redis answers, else why not. That it answers does not mean that it takes webhooks."""
        try:
            await self._client.ping()
        except _ERRORS as error:
            reason = _reason(error)
            self._trouble.refused(reason)
            return reason
        return None

    async def _send(self, keys: list[str], args: list[Any]) -> int:
        """Runs the script; replies how many replicas are known to have its writes (0 if none were asked for)."""
        if not self._min_replicas:
            await self._script(keys=keys, args=args)
            return 0
        # WAIT counts the replicas that have the writes of its own connection, so both travel on one.
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.evalsha(self._script.sha, len(keys), *keys, *args)
            pipe.execute_command("WAIT", self._min_replicas, 1000)
            pushed, replicas = await pipe.execute(raise_on_error=False)
        if isinstance(pushed, NoScriptError):
            await self._client.script_load(self._script.script)
            return await self._send(keys, args)
        for reply in (pushed, replicas):
            if isinstance(reply, Exception):
                raise reply
        return int(replicas)

    def _refused(self, reason: str) -> ServiceOverloaded:
        self._trouble.refused(reason)
        return ServiceOverloaded(reason)


def _reason(error: Exception) -> str:
    """One line for people, without addresses or credentials."""
    for kind, reason in _REASON_BY_CLASS.items():
        if isinstance(error, kind):
            return reason
    for code, reason in _REASON_BY_CODE.items():
        if str(error).startswith(code):
            return reason
    return "Redis refuses to write" if isinstance(error, ResponseError) else "Redis cannot be reached"
