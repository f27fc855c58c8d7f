"""`deploy/kubernetes/`: against Kubernetes' own schemas, by kubectl, and read for what Sluice needs of it."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import InvalidSettings
from shared.settings import Settings
from tests.support.deploy import kubernetes
from tests.support.deploy.kubernetes import CONFIG, FILES, FOLDER, KUSTOMIZATION, REQUIRED, SECRETS, WORKERS, WORKLOADS
from tests.support.deploy.programs import missing, program
from tests.support.programs import forget_settings

#: Names of settings, other than the one that the image has.
NAMES = {f"SLUICE_{name.upper()}" for name in Settings.model_fields} - {"SLUICE_DATA_DIR"}
INGRESS, CONSOLE = "sluice-ingress", "sluice-console"
#: The oldest and the newest Kubernetes that the files are checked for.
VERSIONS = ("1.29", "1.37")

every_workload = pytest.mark.parametrize("name", WORKLOADS)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(version: str) -> None:
    if importlib.util.find_spec("kubernetes_validate") is None:
        missing(
            "kubernetes-validate is not here (pip install --require-hashes -r tests/support/deploy/requirements.lock)"
        )
    command = [sys.executable, "-m", "kubernetes_validate", "-k", version, "--strict", *map(str, FILES)]

    said = subprocess.run(command, capture_output=True, text=True)

    assert said.returncode == 0, said.stdout + said.stderr


def test_kubectl_makes_the_same_of_it_with_the_registry_s_image() -> None:
    command = [program("kubectl", "kubernetes-client"), "kustomize", str(FOLDER)]
    rendered = subprocess.run(command, capture_output=True, text=True)
    assert rendered.returncode == 0, rendered.stderr

    made = {(found["kind"], found["metadata"]["name"]): found for found in yaml.safe_load_all(rendered.stdout)}

    assert made.keys() == {(found["kind"], found["metadata"]["name"]) for found in kubernetes.manifests()}
    [image] = KUSTOMIZATION["images"]
    for name, workload in WORKLOADS.items():
        [container] = made[workload["kind"], name]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"{image['newName']}:{image['newTag']}"


def test_every_file_is_applied_in_the_namespace_it_makes() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [file.name for file in FILES]
    assert [*kubernetes.of("Namespace")] == [KUSTOMIZATION["namespace"]]


def test_every_setting_is_there_and_nothing_else() -> None:
    stated = {name for workload in WORKLOADS for name in kubernetes.environment(workload, SECRETS)}

    assert {name for name in stated if name.startswith("SLUICE_")} == NAMES
    assert not CONFIG.keys() & SECRETS.keys()
    for workload in WORKLOADS:
        for name, must in kubernetes.secret_keys(workload).items():
            assert must == (name in REQUIRED)
    assert {name for workload in WORKLOADS for name in kubernetes.secret_keys(workload)} == set(SECRETS)


def test_the_common_settings_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch, tmp_path)
    usual = Settings.load()
    for name, value in CONFIG.items():
        monkeypatch.setenv(name, value)

    assert Settings.load() == usual


@every_workload
def test_a_role_knows_the_secrets_it_needs_and_no_others(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_settings(monkeypatch, tmp_path)
    urls = {"SLUICE_REDIS_URL": "redis://redis:6379/0", "SLUICE_DATABASE_URL": "postgresql+psycopg://postgres/sluice"}
    for variable, value in kubernetes.environment(name, SECRETS | urls | {"SLUICE_MEDIA_AUTH": "A: b"}).items():
        monkeypatch.setenv(variable, value)

    settings = Settings.load()

    assert settings.has_secret == (name == INGRESS)
    assert (settings.database_url is None) == (name == INGRESS), "the ingress meets no database"
    assert (settings.console_password is not None) == (name == CONSOLE)
    assert (settings.media_auth is not None) == (name in WORKERS)
    settings.require_secret_unless_loopback() if name == INGRESS else settings.require_password_unless_loopback()


@every_workload
def test_variables_that_kubernetes_makes_of_services_stay_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kubernetes.pod(name)["enableServiceLinks"] is False
    made = {service.replace("-", "_").upper() + "_PORT" for service in kubernetes.of("Service")}
    for variable in made:
        monkeypatch.setenv(variable, "tcp://10.0.0.1:8000")

    with pytest.raises(InvalidSettings) as refused:
        Settings.load()

    assert {re.findall(r"SLUICE_\w+", problem)[0] for problem in refused.value.problems} == made


@every_workload
def test_a_pod_can_do_little(name: str) -> None:
    pod, container = kubernetes.pod(name), kubernetes.container(name)

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["runAsGroup"] == 10001  # the image's
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)


@every_workload
def test_a_pod_can_write_where_it_must_and_nowhere_else(name: str) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in kubernetes.container(name)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in kubernetes.pod(name)["volumes"]}

    assert mounts == {"/var/lib/sluice": "data", "/tmp": "tmp"}
    assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values())
    assert ("data" in volumes) == (name != INGRESS), "the spool must outlive its pod"


def test_the_spool_has_a_disk_of_its_own_with_room_for_all_of_it() -> None:
    [claim] = WORKLOADS[INGRESS]["spec"]["volumeClaimTemplates"]

    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert _mebibytes(claim["spec"]["resources"]["requests"]["storage"]) * 2**20 >= 2 * Settings().spool_bytes
    assert kubernetes.pod(INGRESS)["securityContext"]["fsGroup"] == 10001
    assert "persistentVolumeClaimRetentionPolicy" not in WORKLOADS[INGRESS]["spec"], "volumes are kept by default"


def test_every_queue_has_a_worker_and_workers_differ_in_nothing_else() -> None:
    arguments = {name: kubernetes.container(name)["args"] for name in WORKERS}
    drained = [queue for line in arguments.values() for queue in line[line.index("-Q") + 1].split(",")]

    assert sorted(drained) == ["intake", "media", "messages", "statuses"]
    assert len({yaml.safe_dump(_without_differences(name)) for name in WORKERS}) == 1


@every_workload
def test_a_pod_has_time_to_stop_and_bounds(name: str) -> None:
    container, grace = kubernetes.container(name), kubernetes.pod(name)["terminationGracePeriodSeconds"]
    needed = {INGRESS: 5 + 20, CONSOLE: 10}.get(name, 41)  # preStop and uvicorn's patience, or the longest drain

    assert grace >= needed + 10
    requests, limits = container["resources"]["requests"], container["resources"]["limits"]
    assert _mebibytes(requests["memory"]) < _mebibytes(limits["memory"])
    assert "cpu" not in limits


@every_workload
def test_a_role_is_asked_for_its_health_by_what_knows_it(name: str) -> None:
    asked = {
        kind: found.get("exec", found.get("httpGet"))
        for kind, found in kubernetes.container(name).items()
        if kind.endswith("Probe")
    }
    live, ready = ({"path": f"/health/{word}", "port": "http"} for word in ("live", "ready"))
    worker = {"command": ["sluice", "health", "worker"]}

    assert asked == {
        INGRESS: {"readinessProbe": ready, "livenessProbe": live},
        CONSOLE: {"readinessProbe": live, "livenessProbe": live},
    }.get(name, {"readinessProbe": worker, "livenessProbe": {"command": [*worker["command"], "--liveness"]}})


def test_whatever_selects_pods_selects_one_role_s() -> None:
    labels = {name: WORKLOADS[name]["spec"]["template"]["metadata"]["labels"] for name in WORKLOADS}
    for name, workload in WORKLOADS.items():
        assert workload["spec"]["selector"]["matchLabels"] == labels[name]
    for service in kubernetes.of("Service").values():
        [role] = [name for name in labels if labels[name] == service["spec"]["selector"]]
        [port], [bound] = service["spec"]["ports"], kubernetes.container(role)["ports"]
        assert (port["targetPort"], port["port"]) == (bound["name"], bound["containerPort"])
    for policy in kubernetes.of("NetworkPolicy", "PodDisruptionBudget").values():
        selector = policy["spec"].get("podSelector", policy["spec"].get("selector"))
        assert not selector or selector["matchLabels"] in labels.values()
    assert WORKLOADS[INGRESS]["spec"]["serviceName"] in kubernetes.of("Service")


def test_nothing_but_webhooks_is_let_in_from_outside() -> None:
    [front] = kubernetes.of("Ingress").values()
    [rule] = front["spec"]["rules"]
    paths = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}

    assert paths == {"/webhooks": INGRESS, "/health/live": INGRESS}
    assert front["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert kubernetes.of("NetworkPolicy")["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert all(service["spec"].get("type", "ClusterIP") == "ClusterIP" for service in kubernetes.of("Service").values())


def _mebibytes(quantity: str) -> int:
    match = re.fullmatch(r"(\d+)(Mi|Gi)", quantity)
    assert match is not None
    return int(match[1]) * {"Mi": 1, "Gi": 1024}[match[2]]


def _without_differences(name: str) -> dict[str, Any]:
    """A workload without its name, replicas, command and resources."""
    found = yaml.safe_load(yaml.safe_dump(WORKLOADS[name]).replace(name.removeprefix("sluice-"), "worker-x"))
    [container] = found["spec"]["template"]["spec"]["containers"]
    del container["args"], container["resources"], found["spec"]["replicas"]
    return dict(found)
