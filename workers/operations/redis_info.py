"""What a Redis or Valkey server reports about itself: the one reader of INFO and of `appendfsync`."""

from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError


class RedisInfo(NamedTuple):
    """A Redis or Valkey server."""

    product: str  # Redis or Valkey
    version: str
    role: str  # master or slave
    used_memory: int  # bytes
    maxmemory: int  # bytes; 0: no limit
    maxmemory_policy: str
    appendonly: bool
    appendfsync: str  # empty: the server does not allow CONFIG GET, as managed servers may
    aof_last_write_ok: bool
    connected_replicas: int
    online_replicas: int  # connected ones that have completed their first synchronisation
    uptime_seconds: int

    @property
    def memory_share(self) -> float:
        """Return the share of maxmemory in use; 0 if there is no limit."""
        return self.used_memory / self.maxmemory if self.maxmemory else 0.0


def read_redis_info(client: redis.Redis) -> RedisInfo:
    """Ask the server for its INFO and `appendfsync`. Raises RedisError."""
    info: Any = client.info()
    product = "Valkey" if "valkey_version" in info else "Redis"
    replicas = [info[name] for name in info if name.startswith("slave") and name[5:].isdigit()]
    return RedisInfo(
        product=product,
        version=str(info[f"{product.lower()}_version"]),
        role=str(info["role"]),
        used_memory=int(info["used_memory"]),
        maxmemory=int(info["maxmemory"]),
        maxmemory_policy=str(info["maxmemory_policy"]),
        appendonly=bool(info["aof_enabled"]),
        appendfsync=_read_appendfsync(client),
        aof_last_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        connected_replicas=int(info.get("connected_slaves", 0)),
        online_replicas=sum(replica.get("state") == "online" for replica in replicas),
        uptime_seconds=int(info["uptime_in_seconds"]),
    )


def _read_appendfsync(client: redis.Redis) -> str:
    try:
        reply: Any = client.config_get("appendfsync")
    except ResponseError:
        return ""
    return str(reply.get("appendfsync", ""))
