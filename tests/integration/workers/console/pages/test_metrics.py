"""The metrics page: complete, parseable, without private data, cheap, and correct during outages."""

import shutil
import subprocess
from collections.abc import Callable
from unittest import mock

import pytest
import redis

from shared.errors import Unavailable
from shared.observability.metrics import ALL, Kind
from shared.redis.connection import connect
from shared.settings import Settings
from tests.support.console.browsing import PASSWORD, Visitor
from tests.support.console.fixtures import OpenConsole, add_dead_letter, entry, with_settings
from tests.support.console.scraping import BEARER, OPEN_METRICS, read, scrape
from tests.support.programs import free_port
from workers.console.context import ConsoleContext
from workers.lanes import Lanes, LaneSpec

OpenBrowser = Callable[..., Visitor]
GREET = "text.greet"


def test_the_page_has_exactly_the_declared_metrics(
    busy_system: None, lanes: Lanes, client: redis.Redis, operator: Visitor, console: ConsoleContext
) -> None:
    console.sampler.refresh()
    reported = scrape(operator).families
    declared = {metric.name.removesuffix("_total").removesuffix("_info") for metric in ALL}
    assert {name.removesuffix("_info") for name in reported} == declared


@pytest.mark.parametrize("accept", ["", "text/plain", "*/*", OPEN_METRICS])
def test_the_client_library_can_parse_the_page(busy_system: None, operator: Visitor, accept: str) -> None:
    answer = operator.get("/metrics", accept=accept, **BEARER)
    is_open = accept == OPEN_METRICS
    assert answer.headers["content-type"].startswith("application/openmetrics-text" if is_open else "text/plain")
    assert answer.text.endswith("# EOF\n") == is_open
    read_back = read(answer.text, as_open_metrics=is_open)
    assert read_back.value("sluice_lane_outcomes_total", lane=GREET, outcome="done") == 2
    kinds = {metric.name: metric.kind for metric in ALL}
    assert read_back.families["sluice_event_lag_seconds"] == kinds["sluice_event_lag_seconds"] == Kind.HISTOGRAM


@pytest.mark.parametrize("accept", ["application/openmetrics-text;version=x", "text/plain;version=1.x", ";,=;"])
def test_an_unknown_format_is_answered_in_plain_text(operator: Visitor, accept: str) -> None:
    answer = operator.get("/metrics", accept=accept, **BEARER)
    assert (answer.status_code, answer.headers["content-type"][:10]) == (200, "text/plain")


def test_promtool_accepts_the_metrics(busy_system: None, operator: Visitor) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here (Debian package prometheus)")
    reported = operator.get("/metrics", **BEARER).text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=reported, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_metrics_contain_no_customer_data_or_secrets(
    busy_system: None, lanes: Lanes, operator: Visitor, console: ConsoleContext
) -> None:
    add_dead_letter(
        lanes, GREET, entry("my card is 4111", customer="919812345678", wamid="wamid.SECRET"), "919812345678 rejected"
    )
    console.sampler.refresh()
    reported = operator.get("/metrics", **BEARER).text
    for part in ("9198", "wamid", "4111", "Asha", "rejected", PASSWORD):
        assert part not in reported


def test_metrics_are_current_even_if_the_snapshot_is_older(
    lanes: Lanes, operator: Visitor, console: ConsoleContext
) -> None:
    console.sampler.refresh()
    lanes.push(GREET, [entry()])
    reported = scrape(operator)
    assert reported.value("sluice_lane_entered_total", lane=GREET) == 1
    assert reported.value("sluice_lane_waiting", lane=GREET) == 0
    assert 0 <= reported.value("sluice_look_age_seconds") < 10


def test_metrics_report_that_redis_is_unavailable(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    away = with_settings(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    reported = scrape(open_browser(to=open_console(away)))
    assert reported.value("sluice_redis_up") == 0
    assert set(reported.families) == {"sluice_build_info", "sluice_redis_up", "sluice_database_up"}


def test_old_figures_are_dropped_when_redis_becomes_unavailable(
    lanes: Lanes, operator: Visitor, console: ConsoleContext
) -> None:
    console.sampler.refresh()
    assert scrape(operator).value("sluice_redis_up") == 1
    with mock.patch.object(console, "redis", connect(f"redis://127.0.0.1:{free_port()}/0", retries=0)):
        reported = scrape(operator)
    assert reported.value("sluice_redis_up") == 0
    assert "sluice_lane_waiting" not in reported.families


def test_a_snapshot_that_the_sampler_missed_is_taken_again(
    lanes: Lanes, operator: Visitor, console: ConsoleContext
) -> None:
    console.sampler.refresh()
    lanes.push(GREET, [entry()])
    console.sampler.state = console.sampler.state._replace(outage="Connection refused")
    assert scrape(operator).value("sluice_lane_waiting", lane=GREET) == 1


def test_an_unavailable_event_store_is_reported(
    lanes: Lanes, operator: Visitor, console: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scrape(operator).value("sluice_database_up") == 1

    def away() -> None:
        raise Unavailable("locked")

    monkeypatch.setattr(console.sampler, "check_database", away)
    console.sampler.refresh_database()
    assert scrape(operator).value("sluice_database_up") == 0


def test_without_an_event_store_it_is_not_reported(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    without = open_console(with_settings(settings, database_url="none"))
    assert "sluice_database_up" not in scrape(open_browser(to=without)).families


def test_a_scrape_needs_few_commands(
    lanes: Lanes, client: redis.Redis, operator: Visitor, console: ConsoleContext
) -> None:
    lanes.register(LaneSpec(f"text.handler{number}", "messages", 10, 60_000) for number in range(60))
    console.sampler.refresh()
    before = client.info("stats")["total_commands_processed"]
    answer = operator.get("/metrics", **BEARER)
    commands = client.info("stats")["total_commands_processed"] - before
    assert len(read(answer.text).names("sluice_lane_waiting")) == 64
    assert commands < 2 * 64 + 20  # two hashes per lane, in one round trip
