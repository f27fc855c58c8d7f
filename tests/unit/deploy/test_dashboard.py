"""`deploy/grafana/sluice.json`, read: what Grafana needs of it, and whether Sluice tells what it asks for."""

import re
from itertools import combinations
from typing import Any

from tests.support.deploy.dashboard import DASHBOARD, PANELS, QUERIES, VARIABLES
from tests.support.deploy.expressions import FOREIGN, declared, names, wrong_labels


def test_every_panel_says_what_it_shows_and_in_what_unit() -> None:
    for panel in PANELS:
        assert panel["title"], panel["id"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_no_panel_has_another_s_number_or_place() -> None:
    every = DASHBOARD["panels"]

    assert len({panel["id"] for panel in every}) == len(every)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in every)
    for one, other in combinations(every, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), f"{one['title']}, {other['title']}"


def test_the_dashboard_asks_for_what_is_reported() -> None:
    for query in QUERIES:
        assert names(query.expression), query
        assert names(query.expression) <= declared().keys() | FOREIGN, query
        assert wrong_labels(query.expression) == [], query


def test_every_query_is_of_the_chosen_system_or_of_the_alerts() -> None:
    for query in QUERIES:
        picked = re.findall(r"\b(?:sluice_\w+)(\{[^}]*\})?", query.expression)
        assert all('job="$job"' in matchers for matchers in picked), query


def test_every_variable_is_there_and_asks_for_what_is_reported() -> None:
    used = {name for query in QUERIES for name in re.findall(r"\$(\w+)", query.expression)}

    assert used == {"job", "lane", "__rate_interval"}
    assert VARIABLES.keys() == {"datasource", "job", "lane"}
    for name in ("job", "lane"):
        asked = VARIABLES[name]["query"]["query"]
        assert names(asked) <= declared().keys()
        assert asked == VARIABLES[name]["definition"]


def test_legends_name_labels_that_the_query_leaves() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            left = {label for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in by.split(", ")}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left, panel["title"]


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart
