"""Connections to Redis, for workers and tools (blocking) and for the ingress (asyncio)."""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

#: Repeated after a lost connection: every script of the lanes is safe to repeat, since an entry settles only once.
_RETRY = 5


def connect(url: str, *, retries: int = _RETRY) -> redis.Redis:
    """A blocking client with its own pool; connects at the first command. Not to be shared across a fork."""
    retry = Retry(ExponentialBackoff(cap=2.0, base=0.1), retries)
    client = redis.Redis.from_url(url, **_options(url), retry=retry, socket_timeout=10.0)
    client.set_response_callback("XREADGROUP", lambda reply, **_: reply)  # as it came: Taken.read is all it needs
    return client


def connect_async(url: str, *, timeout: float = 3.0) -> redis.asyncio.Redis:
    """An asyncio client. It does not repeat a command: the ingress decides itself what an unanswered push means."""
    return redis.asyncio.Redis.from_url(url, **_options(url), retry=AsyncRetry(NoBackoff(), 0), socket_timeout=timeout)


def _options(url: str) -> dict[str, Any]:
    # RESP2: the lanes read raw replies, and its shapes are the same on every server version.
    return {"protocol": 2, "socket_connect_timeout": 3.0, "health_check_interval": 0, **keepalive(url)}


def keepalive(url: str) -> dict[str, bool]:
    """The option that notices a dead peer; a Unix socket has none and refuses it."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}
