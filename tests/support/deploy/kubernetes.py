"""`deploy/kubernetes/` as Kubernetes would see it."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.support.deploy.programs import DEPLOY
from tests.support.deploy.units import example

FOLDER = DEPLOY / "kubernetes"
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SECRETS_EXAMPLE = FOLDER / "secrets.env.example"

Manifest = dict[str, Any]


def manifests() -> Iterator[Manifest]:
    """All objects of all files."""
    for file in FILES:
        yield from yaml.safe_load_all(file.read_text())


def of(*kinds: str) -> dict[str, Manifest]:
    """The objects of these kinds by name."""
    return {found["metadata"]["name"]: found for found in manifests() if found["kind"] in kinds}


#: What runs, by name.
WORKLOADS = of("StatefulSet", "Deployment")
WORKERS = sorted(name for name in WORKLOADS if "-worker-" in name)
CONFIG: dict[str, str] = of("ConfigMap")["sluice"]["data"]
#: The secret's keys with values as long as real ones, and those that must be there.
SECRETS = dict.fromkeys(example(SECRETS_EXAMPLE, commented=True), "a" * 32)
REQUIRED = set(example(SECRETS_EXAMPLE))


def pod(name: str) -> Manifest:
    """A workload's pod."""
    found: Manifest = WORKLOADS[name]["spec"]["template"]["spec"]
    return found


def container(name: str) -> Manifest:
    """Its only container."""
    [found] = pod(name)["containers"]
    return dict(found)


def secret_keys(name: str) -> dict[str, bool]:
    """The keys of the secret that a workload has, each as a variable of that name, and whether it must be there."""
    found = {}
    for variable in container(name)["env"]:
        if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
            assert (reference["name"], reference["key"]) == ("sluice", variable["name"])
            found[variable["name"]] = not reference.get("optional", False)
    return found


def environment(name: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """The variables of a workload's container, with these values of the secret."""
    stated = {variable["name"]: variable["value"] for variable in container(name)["env"] if "value" in variable}
    return CONFIG | {key: secrets[key] for key in secret_keys(name) if key in secrets} | stated


def probe(name: str, kind: str = "readinessProbe") -> list[str]:
    """A command that asks what the probe asks, on loopback."""
    found = container(name)[kind]
    if "exec" in found:
        return list(found["exec"]["command"])
    ports = {port["name"]: port["containerPort"] for port in container(name)["ports"]}
    url = f"http://127.0.0.1:{ports[found['httpGet']['port']]}{found['httpGet']['path']}"
    return [sys.executable, "-c", f"import httpx; httpx.get({url!r}, trust_env=False).raise_for_status()"]
