"""`deploy/redis.conf` in both servers it is written for."""

from pathlib import Path

import pytest
import redis

from tests.support.deploy.redis_server import KINDS, serving

pytestmark = pytest.mark.parametrize("kind", KINDS)

#: What promises rest on; `sluice doctor` asks for the same.
PROMISED = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
    "save": "",
    "timeout": "0",
    "protected-mode": "yes",
}


def test_the_server_has_what_the_promises_rest_on(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as server:
        assert {name: server.config(name) for name in PROMISED} == PROMISED
        assert int(server.config("maxmemory")) > 0


def test_a_write_survives_a_kill(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as server:
        server.client.xadd("lane", {"body": "a webhook"})
        server.kill()

    with serving(kind, tmp_path) as server:
        entries = server.client.xrange("lane") or []
        assert [body for _, body in entries] == [{"body": "a webhook"}]


def test_a_log_torn_by_a_power_loss_is_no_obstacle(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as server:
        server.client.set("whole", "1")
        server.kill()
    [log] = (tmp_path / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nto")

    with serving(kind, tmp_path) as server:
        assert server.client.get("whole") == "1"
        server.client.set("after", "2")


def test_a_full_server_refuses_and_keeps_what_it_has(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path, {"maxmemory 2gb": "maxmemory 4mb"}) as server:
        kept = _fill(server.client)

        assert 0 < kept < 200
        assert server.client.xlen("lane") == kept


def _fill(client: redis.Redis) -> int:
    """Adds entries until the server refuses one, or 200; replies how many it took."""
    for taken in range(200):
        try:
            client.xadd("lane", {"body": "x" * 50_000})
        except redis.exceptions.OutOfMemoryError:
            return taken
    return 200
