"""`deploy/prometheus/`: by promtool, against what Sluice tells, and against the runbook."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from tests.support.deploy import alerts_file
from tests.support.deploy.alerts_file import CASES, FILE, FOLDER
from tests.support.deploy.expressions import FOREIGN, declared, names, wrong_labels
from tests.support.deploy.programs import program, render
from workers.cli.app import app

RULES = alerts_file.rules()
PARAGRAPHS = alerts_file.paragraphs()


def promtool(*arguments: str | Path) -> None:
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_prometheus_understands_the_rules() -> None:
    promtool("check", "rules", FILE)


def test_prometheus_understands_its_configuration(tmp_path: Path) -> None:
    places = {"/etc/prometheus/sluice.password": f"{tmp_path}/password"}
    (tmp_path / "password").write_text("secret")
    (tmp_path / "prometheus.yml").write_text(render(FOLDER / "prometheus.yml", places))
    (tmp_path / "alerts.yml").write_text(FILE.read_text())

    promtool("check", "config", tmp_path / "prometheus.yml")


@pytest.mark.parametrize("cases", CASES, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_not_before(cases: Path) -> None:
    promtool("test", "rules", cases)


def test_every_alert_fires_in_a_case_and_does_not_in_another() -> None:
    asked = alerts_file.checks()
    for rule in RULES:
        seen = {rule.severity in severities for name, severities in asked if name == rule.name}
        assert seen == {True, False}, f"{rule.name} ({rule.severity})"
    assert {name for name, _ in asked} == {rule.name for rule in RULES}


def test_alerts_ask_for_what_is_reported() -> None:
    for rule in RULES:
        assert names(rule.expression) <= declared().keys() | FOREIGN, rule.name
        assert names(rule.expression), rule.name
        assert wrong_labels(rule.expression) == [], rule.name


def test_alerts_ask_of_jobs_that_are_scraped() -> None:
    jobs = {job["job_name"] for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}
    asked = {name for rule in RULES for name in re.findall(r'job="([^"]+)"', rule.expression)}

    assert asked < jobs


def test_every_alert_says_how_urgent_it_is_and_leads_to_its_paragraph() -> None:
    assert {rule.severity for rule in RULES} == {"critical", "warning"}
    assert {rule.name for rule in RULES} == PARAGRAPHS.keys()
    for rule in RULES:
        assert rule.annotations.keys() == {"summary", "runbook_url"}
        # GitHub and GitLab make such an anchor of a heading of one word.
        assert rule.annotations["runbook_url"] == f"docs/runbook.md#{rule.name.lower()}"


def test_every_paragraph_says_what_it_means_what_is_at_risk_and_what_to_do() -> None:
    for name, text in PARAGRAPHS.items():
        assert re.findall(r"\*\*([^*]+)\*\*: ", text) == ["Means", "At risk", "Look", "Do"], name
        assert "`sluice " in text, name


def test_links_within_the_runbook_lead_somewhere() -> None:
    anchors = {name.lower() for name in PARAGRAPHS}

    assert set(re.findall(r"\]\(#(\w+)\)", alerts_file.RUNBOOK)) <= anchors


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`(sluice [a-z][^`]*)`", alerts_file.RUNBOOK))))
def test_the_commands_of_the_runbook_are_commands(line: str) -> None:
    words = shlex.split(" ".join(line.split()).partition(" > ")[0])[1:]
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("-")} <= options
