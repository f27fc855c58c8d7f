"""`deploy/systemd/`: what systemd itself says of the units, and what Sluice needs of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import Settings
from shared.startup import EXIT_INVALID_SETTINGS
from tests.support.deploy.programs import ROOT, program
from tests.support.deploy.units import SERVICES, SYSTEMD, command, environment, example, unit

EXAMPLE = SYSTEMD / "sluice.env.example"
NAMES = {f"SLUICE_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they lie in /etc/systemd/system, with programs where they look for them."""
    for name in ("python", "celery"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for file in SYSTEMD.glob("sluice*.[st]*"):
        (tmp_path / file.name).write_text(file.read_text().replace("/opt/sluice/bin/", f"{tmp_path}/"))
    (tmp_path / "sluice-worker@x.service").write_text((tmp_path / "sluice-worker@.service").read_text())
    return tmp_path


def test_systemd_understands_every_line(installed: Path) -> None:
    units = ["sluice.target", "sluice-ingress.service", "sluice-console.service", "sluice-worker@messages.service"]
    command = [program("systemd-analyze", "systemd"), "verify", "--man=no", *(f"./{name}" for name in units)]

    said = subprocess.run(command, cwd=installed, capture_output=True, text=True)

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@pytest.mark.parametrize("name", ["sluice-ingress.service", "sluice-console.service", "sluice-worker@x.service"])
def test_systemd_counts_the_services_among_the_little_exposed(installed: Path, name: str) -> None:
    # Of 10 for a service without any protection; "OK" ends at 4.9.
    command = [program("systemd-analyze", "systemd"), "security", "--offline=true", "--threshold=20", f"./{name}"]

    said = subprocess.run(command, cwd=installed, capture_output=True, text=True)

    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_always_started_again_and_stopped_within_a_minute(name: str) -> None:
    found = unit(name)

    assert found["Restart"] == ["always"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert int(found["RestartSec"][0]) >= 1
    assert found["KillSignal"] == ["SIGTERM"]
    assert found["KillMode"] == ["mixed"]
    assert found["TimeoutStopSec"] == ["60"]
    assert found["SendSIGKILL"] == ["yes"]
    assert found["PartOf"] == ["sluice.target"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_nobody_special_and_writes_its_own_folder_only(name: str) -> None:
    found = unit(name)

    assert found["User"] == ["sluice"]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["CapabilityBoundingSet"] == [""]
    assert "ReadWritePaths" not in found
    assert environment(found, "x")["SLUICE_DATA_DIR"] == f"/var/lib/{found['StateDirectory'][0]}"


def test_the_target_has_a_worker_for_every_queue() -> None:
    wanted = " ".join(unit("sluice.target")["Wants"]).split()

    assert sorted(wanted) == [
        "sluice-console.service",
        "sluice-ingress.service",
        *(f"sluice-worker@{queue}.service" for queue in ("intake", "media", "messages", "statuses")),
    ]


def test_a_worker_drains_the_queue_it_is_named_after_or_those_it_is_reported() -> None:
    found = unit("sluice-worker@.service")
    own = environment(found, "media")

    named = command(found, "media", own)
    reported = command(
        found, "media", own | {"WORKER_QUEUES": "intake,messages", "WORKER_OPTIONS": "--pool threads -c 8"}
    )

    assert named[named.index("-Q") + 1] == "media"
    assert named[named.index("--hostname") + 1] == "media@%h"
    assert reported[reported.index("-Q") + 1] == "intake,messages"
    assert reported[-4:] == ["--pool", "threads", "-c", "8"]


def test_the_example_names_every_setting_and_nothing_else() -> None:
    named = {name for name in example(EXAMPLE, commented=True) if name.startswith("SLUICE_")}

    assert named | {"SLUICE_DATA_DIR"} == NAMES
    assert {name for file in SERVICES for name in environment(unit(file), "x") if name.startswith("SLUICE_")} <= NAMES


@pytest.mark.parametrize("module", ["ingress", "workers.console"])
def test_nothing_starts_with_the_example_as_it_is(module: str, tmp_path: Path) -> None:
    settings = example(EXAMPLE) | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    said = subprocess.run([sys.executable, "-m", module], cwd=tmp_path, env=settings, capture_output=True, text=True)

    assert said.returncode == EXIT_INVALID_SETTINGS
    assert "SLUICE_WEBHOOK_TOKEN" in said.stderr
    assert "SLUICE_CONSOLE_PASSWORD" in said.stderr
