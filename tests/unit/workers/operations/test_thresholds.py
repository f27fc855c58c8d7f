"""The alerts and the dashboard use the thresholds of workers/operations/thresholds.py."""

import json
import re
from typing import Any

import pytest

from tests.support.deploy.alerts_file import rules
from tests.support.deploy.programs import DEPLOY
from workers.operations import thresholds

#: The threshold of each alert that repeats one; `<` alerts compare with its negative.
ALERTS = {
    "SluiceRedisFills": thresholds.REDIS_MEMORY_WARNING,
    "SluiceRedisFull": thresholds.REDIS_MEMORY_CRITICAL,
    "SluiceLaneLate": thresholds.EVENT_LATE_SECONDS,
    "SluiceLaneStuck": thresholds.EVENT_STUCK_SECONDS,
    "SluiceSpoolStuck": thresholds.EVENT_STUCK_SECONDS,
    "SluiceRetriesOverdue": -thresholds.RETRY_OVERDUE_SECONDS,
    "SluiceDeadLettersFlood": thresholds.DEAD_LETTER_FLOOD,
    "SluiceSpoolFills": thresholds.SPOOL_FILLING,
    "SluiceFiguresStale": thresholds.SNAPSHOT_STALE_SECONDS,
    "SluicePushesSlow": thresholds.PUSH_SLOW_SECONDS,
}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_fires_at_the_threshold_of_the_table(name: str) -> None:
    (rule,) = (rule for rule in rules() if rule.name == name)
    compared = re.search(r"\) [<>] (-?[\d.]+)(\n|$)", rule.expression)
    assert compared, rule.expression
    assert float(compared[1]) == ALERTS[name]


def test_an_alert_that_compares_with_another_number_is_not_forgotten() -> None:
    others = {
        "SluiceSendersRefused": "0.1 of the webhooks, and 0.1 per second",
        "SluiceWebhooksMissing": "0.1 per second, yesterday",
        "SluiceCertificateExpires": "days",
    }
    numbered = {rule.name for rule in rules() if any(map(float, re.findall(r"[<>] (-?[\d.]+)", rule.expression)))}
    assert numbered == ALERTS.keys() | others.keys()


def _panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    panels = dashboard.get("panels", [])
    return [*panels, *(inner for panel in panels for inner in panel.get("panels", []))]


def test_the_dashboard_colours_redis_memory_at_the_same_levels() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "sluice.json").read_text())
    steps = [
        [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for panel in _panels(dashboard)
        if any("redis_memory_used" in target.get("expr", "") for target in panel.get("targets", []))
        and panel["fieldConfig"]["defaults"].get("unit") == "percentunit"
    ]
    assert steps
    assert all(values == [None, thresholds.REDIS_MEMORY_WARNING, thresholds.REDIS_MEMORY_CRITICAL] for values in steps)
