"""`deploy/prometheus/alerts.yml`, the cases that promtool plays through, and `docs/runbook.md`."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.deploy.programs import DEPLOY
from tests.support.programs import ROOT

FOLDER = DEPLOY / "prometheus"
FILE = FOLDER / "alerts.yml"
CASES = sorted((Path(__file__).parent / "alerts").glob("*.yml"))
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


class Rule(NamedTuple):
    """One alert at one severity."""

    name: str
    severity: str
    expression: str
    annotations: dict[str, str]


def rules() -> list[Rule]:
    """All of them."""
    groups = yaml.safe_load(FILE.read_text())["groups"]
    return [
        Rule(rule["alert"], rule["labels"]["severity"], rule["expr"], rule["annotations"])
        for group in groups
        for rule in group["rules"]
    ]


def checks() -> list[tuple[str, set[str]]]:
    """Every question of the cases: which alert, and the severities that fire then."""
    found: list[dict[str, Any]] = [
        check
        for file in CASES
        for case in yaml.safe_load(file.read_text())["tests"]
        for check in case["alert_rule_test"]
    ]
    return [(check["alertname"], {alert["exp_labels"]["severity"] for alert in check["exp_alerts"]}) for check in found]


def paragraphs() -> dict[str, str]:
    """The runbook's paragraph of each alert, on one line."""
    parts = re.split(r"^### (\w+)\n", RUNBOOK, flags=re.MULTILINE)
    return {name: " ".join(text.split("\n## ")[0].split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
