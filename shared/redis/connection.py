"""Connections to Redis: blocking for the workers and tools, asyncio for the ingress."""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

#: Retries after a lost connection. All scripts of the lanes are safe to repeat, since an entry settles only once.
_MAX_RETRIES = 5


def connect(url: str, *, retries: int = _MAX_RETRIES) -> redis.Redis:
    """Return a blocking client with its own pool. It connects at the first command. Do not share it across a fork."""
    retry = Retry(ExponentialBackoff(cap=2.0, base=0.1), retries)
    client = redis.Redis.from_url(url, **_options(url), retry=retry, socket_timeout=10.0)
    client.set_response_callback("XREADGROUP", lambda reply, **_: reply)  # raw, as TakenEntry.from_redis expects it
    return client


def connect_async(url: str, *, timeout: float = 3.0) -> redis.asyncio.Redis:
    """Return an asyncio client without retries: the ingress itself decides what a push without a reply means.

    `timeout` is in seconds.
    """
    return redis.asyncio.Redis.from_url(url, **_options(url), retry=AsyncRetry(NoBackoff(), 0), socket_timeout=timeout)


def _options(url: str) -> dict[str, Any]:
    # RESP2: the lanes read raw replies, whose shapes are then the same for every server version.
    return {"protocol": 2, "socket_connect_timeout": 3.0, "health_check_interval": 0, **keepalive(url)}


def keepalive(url: str) -> dict[str, bool]:
    """Return the option that detects a dead peer. A Unix socket does not support it."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}
