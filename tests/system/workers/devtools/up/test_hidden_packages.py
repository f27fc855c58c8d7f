"""A user's project with packages that have the names of Sluice's own, and Sluice installed from its wheel."""

import json
from pathlib import Path

import pytest

from tests.support.programs import free_port, run, started
from tests.support.waiting import until
from tests.support.wheel import build_wheel, install_wheel

pytestmark = pytest.mark.long

_HANDLERS = """
from pathlib import Path
from workers import TextMessage, handler

@handler("text")
def note(event: TextMessage) -> None:
    Path("handled").write_text(event.key)
"""
_HIDDEN = "Sluice's own package hides that of this folder: ingress, shared, workers"


@pytest.fixture(scope="module")
def sluice(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("installed")
    return str(install_wheel(build_wheel(folder), folder / "environment") / "sluice")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("ingress", "shared", "workers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('the {name} of the user')\n")
    (tmp_path / "my_handlers.py").write_text(_HANDLERS)
    return tmp_path


def test_a_user_s_packages_do_not_hide_sluice_s(sluice: str, project: Path) -> None:
    settings = {
        "PYTHONPATH": "",
        "SLUICE_HANDLERS": "my_handlers",
        "SLUICE_PORT": str(free_port()),
        "SLUICE_CONSOLE_PORT": str(free_port()),
    }
    with started([sluice, "up"], project, **settings) as running:
        running.has_said(f"{_HIDDEN}; rename yours, so that handlers can import it")
        until(lambda: run([sluice, "health", "web"], project, **settings).returncode == 0, within=60)
        assert run([sluice, "send", "text"], project, **settings).returncode == 0
        until((project / "handled").exists, within=60)
        doctor = run([sluice, "doctor", "--json"], project, **settings)
        checks = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
        assert checks["package names"]["seen"] == _HIDDEN
        assert checks["handlers"]["well"], checks["handlers"]
        assert running.stop() == 0, running.output


def test_a_worker_can_be_started_there_without_sluice_up(sluice: str, project: Path) -> None:
    settings = {"PYTHONPATH": "", "SLUICE_HANDLERS": "my_handlers", "SLUICE_REDIS_URL": "redis://127.0.0.1:1"}
    python = str(Path(sluice).with_name("python"))
    report = run([python, "-P", "-m", "workers", "report"], project, **settings)

    assert report.returncode == 0, report.stderr
    assert "software -> celery:" in report.stdout


def test_without_such_packages_nothing_is_said(sluice: str, tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()  # a folder without Python code
    doctor = run([sluice, "doctor", "--json"], tmp_path, PYTHONPATH="")

    assert "package names" not in {check["name"] for check in json.loads(doctor.stdout)["checks"]}
