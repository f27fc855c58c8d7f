"""Prometheus, the dashboard's queries and the alerts on a running Sluice, everything real."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from shared.redis.connection import connect
from tests.support import programs
from tests.support.deploy import alerts_file
from tests.support.deploy.dashboard import QUERIES, VARIABLES, Query
from tests.support.deploy.expressions import FOREIGN, names
from tests.support.deploy.programs import program, running
from tests.support.deploy.prometheus import Prometheus, prometheus
from tests.support.deploy.proxy import Ingress, nginx
from tests.support.programs import free_port
from tests.support.stack import Stack, stack
from tests.support.valkey import valkey
from tests.support.waiting import until
from tests.system.workers.console.test_process import console
from workers.lanes import Lanes, LaneSpec

pytestmark = pytest.mark.long

PASSWORD = "p" * 32
#: What Grafana would fill in. Rates over ten seconds, as there is a scrape each second.
VALUES = {"job": "sluice", "lane": ".*", "__rate_interval": "10s"}
#: Queries that rightly find nothing in a Sluice that is well, by panel.
NOTHING_TO_SHOW = {("Alerts", "A"), ("Held up", "B")}


class Watched(NamedTuple):
    """A Sluice that has handled webhooks, and the Prometheus that saw it."""

    stack: Stack
    prometheus: Prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    program("prometheus", "prometheus")
    with ExitStack() as opened:
        folder = tmp_path_factory.mktemp("sluice")
        sluice = opened.enter_context(stack(folder, SLUICE_CONSOLE_PASSWORD=PASSWORD))
        console = int(sluice.environment["SLUICE_CONSOLE_PORT"])
        watching = opened.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), console, PASSWORD))
        sluice.sluice("pause", "document.store")
        with connect((sluice.folder / "var" / "valkey" / "url").read_text()) as client:
            client.config_set("maxmemory", "1gb")
        until(lambda: watching.series('sluice_lane_info{lane="text.store"}'), within=30, every=0.2)
        for kind in ("text", "image", "sent", "mixed"):
            _send(sluice, kind)
        handled = 'sum(rate(sluice_lane_outcomes_total{lane="image.store",outcome="done"}[10s])) > 0'
        until(lambda: watching.series(handled), within=30, every=0.2)
        yield Watched(sluice, watching)


def test_every_panel_s_query_is_answered_with_data(watched: Watched) -> None:
    empty = {(query.panel, query.ref) for query in QUERIES if not _has_data(watched.prometheus, query)}

    assert empty == NOTHING_TO_SHOW


def test_the_variables_offer_what_there_is(watched: Watched) -> None:
    offered = {name: _offered(watched.prometheus, name) for name in ("job", "lane")}

    assert offered["job"] == ["sluice"]
    assert {"intake", "media", "text.store", "sent.store"} <= set(offered["lane"])


def test_rules_are_evaluated_and_nothing_is_wrong_with_a_sluice_that_is_well(watched: Watched) -> None:
    rules = [rule for group in watched.prometheus.ask("rules")["groups"] for rule in group["rules"]]

    assert len(rules) == len(alerts_file.rules())
    assert [rule for rule in rules if rule["health"] != "ok"] == []
    assert watched.prometheus.alerts() == {"SluiceLanePaused"}


def test_whatever_alerts_stand_on_is_reported(watched: Watched) -> None:
    named = {name for rule in alerts_file.rules() for name in names(rule.expression)} - FOREIGN

    absent = {name for name in named if not watched.prometheus.series(f"count({name})")}
    assert absent == {"sluice_lane_next_retry_seconds"}, "without any retry there is no next one"


def test_with_another_password_prometheus_sees_nothing_and_says_so(watched: Watched, tmp_path: Path) -> None:
    console = int(watched.stack.environment["SLUICE_CONSOLE_PORT"])
    with prometheus(tmp_path, console, "another") as blind:
        until(lambda: blind.target("sluice").get("health") == "down", within=10)
        assert "401" in blind.target("sluice")["lastError"]
        until(lambda: blind.alerts() == {"SluiceUnseen"}, within=10)


def test_whatever_is_missing_is_reported(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("console", "prometheus")}
    for folder in folders.values():
        folder.mkdir()
    with ExitStack() as redis, ExitStack() as others:
        url = redis.enter_context(valkey(appendonly="no", appendfsync="everysec"))
        with connect(url) as client:
            lanes = Lanes(client)
            lanes.register([LaneSpec("text.greet", "messages", 10, 60_000)])
            lanes.push("text.greet", [b"an event"])
        settings = {"SLUICE_CONSOLE_PASSWORD": PASSWORD, "SLUICE_DATABASE_URL": "none"}
        address, _ = others.enter_context(console(folders["console"], url, **settings))
        watching = others.enter_context(prometheus(folders["prometheus"], int(address.split(":")[-1]), PASSWORD))
        nobody = {"SluiceNoWorker", "SluiceQueueUnattended", "SluiceNoIngress"}
        careless = {"SluiceRedisForgets", "SluiceRedisSyncsLate", "SluiceRedisUnbounded"}
        until(lambda: watching.alerts() == nobody | careless, within=20, every=0.2)
        redis.close()
        until(lambda: watching.alerts() == {"SluiceRedisAway"}, within=20, every=0.2)


def test_from_outside_the_name_and_its_certificate_are_seen(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("nginx", "prometheus", "exporter")}
    for folder in folders.values():
        folder.mkdir()
    with (
        Ingress().listening() as ingress,
        nginx(folders["nginx"], [ingress.port]) as proxy,
        _exporter(folders["exporter"], trusted=folders["nginx"] / "fullchain.pem") as exporter,
    ):
        places = {
            "127.0.0.1:9115": f"127.0.0.1:{exporter}",
            "https://webhooks.example.com": f"https://127.0.0.1:{proxy.port}",
        }
        with prometheus(folders["prometheus"], free_port(), PASSWORD, places) as watching:
            until(lambda: watching.value("probe_success") == 1, within=15)
            left = watching.value("probe_ssl_earliest_cert_expiry") or 0
            assert 0 < left - time.time() <= 86400
            until(lambda: "SluiceCertificateExpires" in watching.alerts())
            assert {came["path"] for came in ingress.seen} == {"/health/live"}


def _send(sluice: Stack, kind: str) -> None:
    command = [programs.program("sluice"), "send", kind, "--url", f"{sluice.url}/webhooks"]
    subprocess.run(command, env=sluice.environment, check=True, capture_output=True, timeout=30)


def _has_data(watching: Prometheus, query: Query) -> bool:
    """Whether Grafana would get a number: now, or of a line over the last minute."""
    text = query.filled(VALUES)
    if query.instant:
        values = [series["value"] for series in watching.series(text)]
    else:
        now = time.time()
        lines = watching.ask("query_range", query=text, start=now - 60, end=now, step=1)["result"]
        values = [value for line in lines for value in line["values"]]
    return any(value != "NaN" for _, value in values)


def _offered(watching: Prometheus, variable: str) -> list[str]:
    """The values of `label_values(series, label)`, as Grafana asks for them."""
    series, label = VARIABLES[variable]["definition"].removeprefix("label_values(").removesuffix(")").split(", ")
    found = watching.ask(f"label/{label}/values", **{"match[]": series.replace("$job", VALUES["job"])})
    return list(found)


@contextmanager
def _exporter(folder: Path, trusted: Path) -> Iterator[int]:
    """Debian's blackbox exporter, with its module http_2xx and that certificate trusted, and its port."""
    port = free_port()
    module = {"prober": "http", "http": {"tls_config": {"ca_file": str(trusted)}}}
    (folder / "blackbox.yml").write_text(yaml.safe_dump({"modules": {"http_2xx": module}}))
    binary = program("prometheus-blackbox-exporter", "prometheus-blackbox-exporter")
    command = [binary, f"--config.file={folder}/blackbox.yml", f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, folder / "output.log", port):
        yield port
