"""`deploy/compose.yaml`, read: what must hold for every service."""

import re
import subprocess
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.support.deploy.compose import FILE, ROLES, SECRETS, SERVICES, TEXT, command, environment, filled
from tests.support.deploy.programs import DEPLOY, render

every_service = pytest.mark.parametrize("name", SERVICES)


@every_service
def test_a_service_is_restarted_and_given_time_to_stop(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 60


@every_service
def test_a_service_can_do_little(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name in ROLES or re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "the other images' default is root"
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)


@every_service
def test_a_service_says_whether_it_is_well(name: str) -> None:
    assert {"test", "interval", "timeout", "retries", "start_period"} == set(SERVICES[name]["healthcheck"])


@every_service
def test_a_service_has_a_pinned_image_and_files_that_exist(name: str) -> None:
    service = SERVICES[name]

    assert name in ROLES or re.fullmatch(r"[a-z/]+:\d[\w.-]*", service["image"])
    for volume in service.get("volumes", []):
        source = filled(volume, {}).split(":")[0]
        assert source in FILE["volumes"] or source == "./tls" or (DEPLOY / source).exists()
    assert set(service["networks"]) <= set(FILE["networks"])


def test_only_what_takes_requests_is_published_and_to_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert set(published) == {"ingress", "console", "nginx"}
    assert all(filled(port, {}).startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert {"nginx"} == {name for name, service in SERVICES.items() if "profiles" in service}


def test_redis_and_the_database_can_be_reached_from_inside_only() -> None:
    assert FILE["networks"]["inside"] == {"internal": True}
    assert SERVICES["redis"]["networks"] == SERVICES["postgres"]["networks"] == ["inside"]


def test_every_secret_is_required_and_none_is_written_down() -> None:
    for name in SECRETS:
        assert set(re.findall(rf"\$\{{{name}(..)", TEXT)) == {":?"}
    assert re.findall(r"(?:PASSWORD|TOKEN|SECRET|AUTH): (?!\$\{)\S", TEXT) == []


@pytest.mark.parametrize("name", ROLES)
def test_the_settings_of_a_role_are_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(name, SECRETS | {"SLUICE_MIN_REPLICAS": "1"})
    monkeypatch.chdir(tmp_path)  # away from any .env
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    settings = Settings.load()

    assert settings.redis == f"redis://:{'a' * 32}@redis:6379/0"
    assert ("SLUICE_DATABASE_URL" in given) == (name != "ingress"), "the ingress meets no database"
    assert settings.has_secret == (name == "ingress"), "only the ingress needs the senders' secrets"
    assert (settings.console_password is not None) == (name == "console"), "only the console needs its password"


def test_every_queue_has_a_worker() -> None:
    words = [command(name, SECRETS) for name in ROLES if name.startswith("worker-")]
    drained = [queue for line in words for queue in line[line.index("-Q") + 1].split(",")]

    assert sorted(drained) == ["intake", "media", "messages", "statuses"]


@pytest.mark.parametrize("name", sorted({*ROLES} - {"console"}))
def test_a_role_is_asked_for_its_health_by_the_command_that_knows_it(name: str) -> None:
    asked = ["sluice", "health", "web" if name == "ingress" else "worker"]

    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", *asked]


def test_the_spool_has_the_same_name_in_every_new_container() -> None:
    assert SERVICES["ingress"]["hostname"] == "ingress"


def test_nothing_but_the_image_waits_for_the_console() -> None:
    assert [name for name in SERVICES if "console" in SERVICES[name].get("depends_on", {})] == []


def test_nginx_finds_the_ingress(tmp_path: Path) -> None:
    shell, option, script = command("nginx", {})
    places = {"/tmp/nginx": f"{tmp_path}/nginx", "exec nginx": ": nginx", "/etc/sluice/": f"{DEPLOY}/"}
    for place, here in places.items():
        script = script.replace(place, here)

    subprocess.run([shell, option, script], check=True)

    expected = render(DEPLOY / "nginx.conf", {"server 127.0.0.1:8000 ": "server ingress:8000 "})
    assert (tmp_path / "nginx.conf").read_text() == expected
