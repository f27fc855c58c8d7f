"""The commands, environments and health checks of `deploy/`, run for real, only without the containers around them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.deploy import compose, kubernetes, units
from tests.support.deploy.programs import DEPLOY, ROOT, render
from tests.support.deploy.redis_server import KINDS, answering, binary, serving
from tests.support.programs import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

PASSWORD = compose.SECRETS["REDIS_PASSWORD"]


@dataclass
class Role:
    """What is started, and how one asks it whether it is well."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]
    health: Sequence[str]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("valkey-server", tmp_path_factory.mktemp("redis")) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def test_every_role_of_compose_starts_is_well_and_stops(redis_url: str, tmp_path: Path) -> None:
    roles = [
        Role(name, compose.command(name, {}), compose.environment(name, compose.SECRETS), compose.health(name))
        for name in compose.ROLES
    ]

    _start_ask_and_stop(roles, redis_url, tmp_path)


def test_every_service_of_systemd_starts_is_well_and_stops(redis_url: str, tmp_path: Path) -> None:
    roles = []
    filled_in = {name: compose.SECRETS[name] for name in ("SLUICE_WEBHOOK_TOKEN", "SLUICE_CONSOLE_PASSWORD")}
    likes = ("ingress", "worker-media", "console")
    for service, instance, like in zip(units.SERVICES, ("", "media", ""), likes, strict=True):
        found = units.unit(service)
        stated = units.example(units.SYSTEMD / "sluice.env.example") | filled_in
        settings = units.environment(found, instance) | stated
        command = [word.replace("/opt/sluice/bin/", "") for word in units.command(found, instance, settings)]
        roles.append(Role(service, command, settings, compose.health(like)))

    _start_ask_and_stop(roles, redis_url, tmp_path)


def test_every_pod_of_kubernetes_starts_is_well_and_stops(redis_url: str, tmp_path: Path) -> None:
    roles = [
        Role(
            name,
            kubernetes.container(name)["args"],
            kubernetes.environment(name, kubernetes.SECRETS | {"SLUICE_MEDIA_AUTH": "Authorization: Bearer x"}),
            kubernetes.probe(name),
        )
        for name in kubernetes.WORKLOADS
    ]

    _start_ask_and_stop(roles, redis_url, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_redis_of_compose_is_durable_and_wants_its_password(kind: str, tmp_path: Path) -> None:
    path, port = binary(kind), free_port()
    (tmp_path / "redis.conf").write_text(render(DEPLOY / "redis.conf", {"\nport 6379\n": f"\nport {port}\n"}))
    shell, option, script = compose.command("redis", compose.SECRETS)
    changes = {"/etc/sluice/": f"{tmp_path}/", "/tmp/server": f"{tmp_path}/server", "dir /data": f"dir {tmp_path}"}
    for place, here in {**changes, "bind * -::*": "bind 127.0.0.1", "valkey-server": path}.items():
        script = script.replace(place, here)
    command = ["env", f"REDIS_PASSWORD={PASSWORD}", shell, option, script]

    with answering(command, tmp_path, port, PASSWORD) as server:
        assert server.config("appendfsync") == "always"
        assert server.config("dir") == str(tmp_path)
        with (
            redis.Redis("127.0.0.1", port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
    assert (tmp_path / "server.conf").stat().st_mode & 0o077 == 0


def _start_ask_and_stop(roles: Sequence[Role], redis_url: str, folder: Path) -> None:
    """Starts all at once; each must say that it is well, and end on its own when asked to."""
    ports = {"8000": str(free_port()), "8001": str(free_port())}
    here = [_here(role, ports, redis_url, folder) for role in roles]
    with ExitStack() as stack:
        started = [(role, stack.enter_context(_running(role, folder))) for role in here]
        for role, process in started:
            until(partial(_is_well_or_gone, role, process), within=40)
            assert process.poll() is None, _log(role, folder)
        for _, process in started:
            process.terminate()
        for role, process in started:
            assert process.wait(60) in {0, -15}, _log(role, folder)


def _here(role: Role, ports: Mapping[str, str], redis_url: str, folder: Path) -> Role:
    """The role on this machine: other ports, loopback, this test's Redis and a database in the folder."""

    def moved(text: str) -> str:
        return re.sub("800[01]", lambda match: ports[match[0]], text)

    places = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SLUICE_HOST": "127.0.0.1",
        "SLUICE_REDIS_URL": redis_url,
        "SLUICE_DATABASE_URL": f"sqlite:///{folder}/events.db",
        "SLUICE_DATA_DIR": str(folder),
    }
    settings = {name: moved(value) for name, value in role.settings.items()} | places
    return Role(role.name, role.command, settings, [moved(word) for word in role.health])


@contextmanager
def _running(role: Role, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{role.name}.log").open("wb") as log:
        process = subprocess.Popen(role.command, cwd=folder, env=role.settings, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _is_well_or_gone(role: Role, process: subprocess.Popen[bytes]) -> bool:
    asked = subprocess.run(role.health, env=role.settings, capture_output=True)
    return asked.returncode == 0 or process.poll() is not None


def _log(role: Role, folder: Path) -> str:
    return (folder / f"{role.name}.log").read_text()[-2000:]
