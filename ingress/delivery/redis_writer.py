"""Push groups of receipts into the intake lanes in Redis, and find out whether Redis is available."""

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

_ERRORS = (RedisError, OSError, TimeoutError)
#: Why Redis refuses writes, for an operator: by redis-py's class if there is one (it strips the code from the message),
#: else by the code at the beginning of the message.
_REASON_BY_CLASS: dict[type[Exception], str] = {
    OutOfMemoryError: "Redis is full",
    ReadOnlyError: "Redis is read-only",
    BusyLoadingError: "Redis is loading its data",
    AuthenticationError: "Redis rejects the password",
    NoPermissionError: "Redis does not permit this user to write",
}
_REASON_BY_CODE = {
    "BACKLOG": "too many webhooks are waiting",
    "MISCONF": "Redis cannot write its files",
    "NOREPLICAS": "Redis has too few replicas to write",
}
#: Intermittent failures, or failures in one lane only, are one outage: it ends after this many seconds without any.
RECOVERY_SECONDS = 5.0
_WAIT_TIMEOUT_MS = 1000


class RedisOutageLog:
    """Logs why Redis refuses webhooks: one line per reason, regardless of how many webhooks are affected."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_reasons: set[str] = set()
        self._last_failure = 0.0

    def failed(self, reason: str) -> None:
        """Record that a push failed for that reason."""
        self._last_failure = self._clock()
        if reason not in self._logged_reasons:
            self._logged_reasons.add(reason)
            _log.error("Redis does not accept webhooks", reason=reason)

    def succeeded(self) -> None:
        """Record that a push succeeded."""
        if self._logged_reasons and self._clock() - self._last_failure >= RECOVERY_SECONDS:
            self._logged_reasons.clear()
            _log.info("Redis accepts webhooks again")


class IntakeWriter:
    """The only way in which the ingress writes webhooks to Redis.

    `max_backlog` is the number of entries that may wait per lane, 0 for any number. `min_replicas` is the number of
    replicas that must have a push before it counts as durable.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        max_backlog: int = 0,
        min_replicas: int = 0,
        outage_log: RedisOutageLog | None = None,
    ) -> None:
        self._client = client
        self._script = client.register_script(push_script())
        self._max_backlog = max_backlog
        self._min_replicas = min_replicas
        self._outage_log = outage_log or RedisOutageLog()

    async def push(self, lane: str, receipts: Sequence[bytes]) -> None:
        """Return once Redis and `min_replicas` replicas have the receipts. Raises ServiceOverloaded."""
        try:
            replicas = await self._send([stream_key(lane)], [lane, self._max_backlog, *receipts])
        except _ERRORS as error:
            raise self._overloaded(_reason(error)) from None
        if replicas < self._min_replicas:
            raise self._overloaded("too few replicas have received the webhooks")
        self._outage_log.succeeded()

    async def ping(self) -> str | None:
        """Return None if Redis replies, else the reason. A reply does not mean that Redis accepts webhooks."""
        try:
            await self._client.ping()
        except _ERRORS as error:
            reason = _reason(error)
            self._outage_log.failed(reason)
            return reason
        return None

    async def _send(self, keys: list[str], args: list[Any]) -> int:
        """Run the script. Return how many replicas are known to have its writes, 0 if none are required."""
        if not self._min_replicas:
            await self._script(keys=keys, args=args)
            return 0
        # WAIT counts the replicas that have the writes of its own connection, so both are sent on one.
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.evalsha(self._script.sha, len(keys), *keys, *args)
            pipe.execute_command("WAIT", self._min_replicas, _WAIT_TIMEOUT_MS)
            pushed, replicas = await pipe.execute(raise_on_error=False)
        if isinstance(pushed, NoScriptError):
            await self._client.script_load(self._script.script)
            return await self._send(keys, args)
        for reply in (pushed, replicas):
            if isinstance(reply, Exception):
                raise reply
        return int(replicas)

    def _overloaded(self, reason: str) -> ServiceOverloaded:
        self._outage_log.failed(reason)
        return ServiceOverloaded(reason)


def _reason(error: Exception) -> str:
    """Return the reason in one phrase, without addresses or credentials."""
    for kind, reason in _REASON_BY_CLASS.items():
        if isinstance(error, kind):
            return reason
    for code, reason in _REASON_BY_CODE.items():
        if str(error).startswith(code):
            return reason
    return "Redis refuses to write" if isinstance(error, ResponseError) else "Redis cannot be reached"
