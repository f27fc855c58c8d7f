"""Pushing a group of receipts into an intake lane, and knowing whether Redis can be had."""

from collections.abc import Sequence
from typing import Any

import redis.asyncio
from redis.exceptions import NoScriptError, RedisError

from shared.errors import Overloaded
from shared.lanes.lane import stream
from shared.lanes.scripts import source
from shared.logs import logger

_log = logger(__name__)
_RETRY_AFTER = 5  # seconds
#: Redis' words for why it does not write, in an operator's words.
_REASONS = {
    "BACKLOG": "too many webhooks wait",
    "OOM": "Redis is full",
    "READONLY": "Redis is read-only",
    "LOADING": "Redis is loading its data",
    "MISCONF": "Redis cannot write its files",
    "NOAUTH": "Redis refuses the password",
    "WRONGPASS": "Redis refuses the password",
}


class RedisPush:
    """The ingress's one way into Redis. Logs once when Redis is lost and once when it is back."""

    def __init__(self, client: redis.asyncio.Redis, *, max_backlog: int = 0, min_replicas: int = 0) -> None:
        self._client = client
        self._script = client.register_script(source("push"))
        self._max_backlog = max_backlog
        self._min_replicas = min_replicas
        self._reachable = True

    async def push(self, lane: str, receipts: Sequence[bytes]) -> None:
        """Returns once Redis (and as many replicas as asked for) has them. Raises Overloaded."""
        try:
            replicas = await self._send([stream(lane)], [lane, self._max_backlog, *receipts])
        except (RedisError, OSError, TimeoutError) as error:
            raise self._lost(error) from None
        self._back()
        if replicas < self._min_replicas:
            raise Overloaded(f"only {replicas} of {self._min_replicas} replicas have it", _RETRY_AFTER)

    async def ping(self) -> str | None:
        """None where Redis answers, else why not."""
        try:
            await self._client.ping()
        except (RedisError, OSError, TimeoutError) as error:
            self._lost(error)
            return _reason(error)
        self._back()
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
        if isinstance(pushed, Exception):
            raise pushed
        return int(replicas)

    def _lost(self, error: Exception) -> Overloaded:
        reason = _reason(error)
        if self._reachable:
            self._reachable = False
            _log.error("Redis does not take webhooks; they are answered 503 until it does", reason=reason)
        return Overloaded(f"the webhook cannot be made durable now: {reason}", _RETRY_AFTER)

    def _back(self) -> None:
        if not self._reachable:
            self._reachable = True
            _log.info("Redis takes webhooks again")


def _reason(error: Exception) -> str:
    """One line for people, without addresses or credentials."""
    text = str(error)
    return next((reason for word, reason in _REASONS.items() if word in text), "Redis cannot be reached")
