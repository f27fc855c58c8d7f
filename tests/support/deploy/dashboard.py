"""`deploy/grafana/sluice.json` as Grafana would read it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.deploy.programs import DEPLOY

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "sluice.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES: dict[str, dict[str, Any]] = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}


class Query(NamedTuple):
    """One of a panel's, as it stands there."""

    panel: str
    ref: str
    expression: str
    instant: bool

    def filled(self, values: Mapping[str, str]) -> str:
        """With its variables filled in. Raises AssertionError for one that has no value."""
        text = self.expression
        for name in sorted(values, key=len, reverse=True):
            text = text.replace(f"${name}", values[name])
        assert "$" not in text, text
        return text


QUERIES = [
    Query(panel["title"], target["refId"], target["expr"], target["instant"])
    for panel in PANELS
    for target in panel["targets"]
]
