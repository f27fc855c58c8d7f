"""`deploy/Dockerfile` and its lock: read, since there is no engine here, and its build step run for real."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.support.deploy.programs import DEPLOY, ROOT
from tests.support.wheel import build_wheel

Lock = dict[str, tuple[str, frozenset[str]]]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions as (name, rest), each on one line."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def final_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def of(name: str, stage: list[tuple[str, str]]) -> list[str]:
    return [rest for found, rest in stage if found == name]


def lock(path: Path) -> Lock:
    """Version and hashes by distribution."""
    blocks = re.findall(r"^([a-z0-9-]+)==(\S+)(.*(?:\n +\S.*)*)", path.read_text(), flags=re.MULTILINE)
    return {name: (version, frozenset(re.findall(r"sha256:[0-9a-f]{64}", rest))) for name, version, rest in blocks}


def test_the_image_stands_on_a_pinned_slim_python() -> None:
    [base] = of("ARG", instructions())

    assert re.fullmatch(r"PYTHON=python:3\.\d+-slim-[a-z]+", base)
    assert of("FROM", instructions()) == ["${PYTHON} AS build", "${PYTHON}"]


def test_what_runs_is_nobody_special_and_can_install_or_compile_nothing() -> None:
    stage = final_stage()
    commands = " ".join(of("RUN", stage))

    assert of("USER", stage) == ["10001:10001"]
    assert "--uid 10001" in commands
    assert not re.search(r"\b(apt|apt-get|pip|gcc|make|curl)\b", commands)
    assert of("COPY", stage) == ["--from=build /opt/sluice /opt/sluice"]
    assert "--without-pip /opt/sluice" in " ".join(of("RUN", instructions()))


def test_the_image_stops_as_its_processes_expect_and_leaves_health_to_the_role() -> None:
    stage = final_stage()

    assert of("STOPSIGNAL", stage) == ["SIGTERM"]
    assert of("HEALTHCHECK", stage) == of("ENTRYPOINT", stage) == []
    assert of("VOLUME", stage) == ["/var/lib/sluice"]
    assert of("CMD", stage) == ['["python", "-m", "ingress"]']


def test_the_image_sets_settings_that_exist() -> None:
    [environment] = of("ENV", final_stage())
    names = set(re.findall(r"(SLUICE_\w+)=", environment))

    assert names <= {f"SLUICE_{name.upper()}" for name in Settings.model_fields}
    assert "PYTHONDONTWRITEBYTECODE=1" in environment


def test_every_installation_is_held_to_hashes_or_offline() -> None:
    commands = [part for run in of("RUN", instructions()) for part in run.split("&&")]
    installs = [part for part in commands if re.search(r"\bpip\b.* (install|wheel) ", part)]

    assert len(installs) == 4
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)


def test_what_is_copied_exists_and_nothing_else_is_sent_to_the_build() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    copied = {source for rest in of("COPY", instructions()) if "--from" not in rest for source in rest.split()[:-1]}

    assert "*" in ignored
    assert sent == copied
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_s_lock_is_a_part_of_the_lock() -> None:
    whole, part = lock(ROOT / "requirements.lock"), lock(DEPLOY / "requirements.lock")

    assert part
    assert {name: whole.get(name) for name in part} == part
    assert all(hashes for _, hashes in part.values())
    assert "://" not in (DEPLOY / "requirements.lock").read_text()


def test_the_image_s_lock_has_every_dependency_and_no_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    part = lock(DEPLOY / "requirements.lock")

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^a-z0-9-]", requirement, maxsplit=1)[0] for requirement in requirements}

    assert names(project["dependencies"]) <= set(part)
    optional = dict(project["optional-dependencies"])
    assert names(optional.pop("otel")) <= set(part)  # off unless the environment asks for traces
    for extra in optional.values():
        assert not (names(extra) - names(project["dependencies"])) & set(part)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is in the wheel that the Dockerfile builds: from its sources, with the setuptools of the lock."""
    sources = [name for rest in of("COPY", instructions()) for name in rest.split()[:-1]]
    file = build_wheel(tmp_path_factory.mktemp("wheel"), sources)
    return set(zipfile.ZipFile(file).namelist())


@pytest.mark.parametrize("package", ["shared", "ingress", "workers"])
def test_the_wheel_has_every_file_of_the_packages(package: str, wheel: set[str]) -> None:
    files = {str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*") if path.is_file()}

    assert {name for name in files if "__pycache__" not in name} - wheel == set()
