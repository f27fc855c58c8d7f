"""Debian's Prometheus with `deploy/prometheus/`, and what it answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.deploy.programs import DEPLOY, program, render, running
from tests.support.programs import free_port
from tests.support.waiting import until

FOLDER = DEPLOY / "prometheus"


@dataclass
class Prometheus:
    """A running server."""

    client: httpx.Client

    def ask(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of its HTTP API. Fails where it is not a success."""
        answer = self.client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        assert not answer.get("warnings"), f"{parameters}: {answer['warnings']}"
        return answer["data"]

    def series(self, query: str) -> list[dict[str, Any]]:
        """What a query finds now."""
        return list(self.ask("query", query=query)["result"])

    def value(self, query: str) -> float | None:
        """The value of the only series that a query finds now; None where it finds none."""
        found = self.series(query)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def alerts(self) -> set[str]:
        """Names of the alerts that fire, or will if it goes on like this."""
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"]}

    def target(self, job: str) -> dict[str, Any]:
        """How the scrapes of a job's only target go; empty before there is one."""
        found = [target for target in self.ask("targets")["activeTargets"] if target["labels"]["job"] == job]
        return dict(found[0]) if found else {}


@contextmanager
def prometheus(
    folder: Path, console: int, password: str, changes: Mapping[str, str] | None = None
) -> Iterator[Prometheus]:
    """Prometheus scraping that console's port each second.

    `changes`: further texts of its configuration to be replaced. Without any, nothing is asked from outside.
    """
    binary, port = program("prometheus", "prometheus"), free_port()
    (folder / "password").write_text(password)
    (folder / "alerts.yml").write_text((FOLDER / "alerts.yml").read_text())
    places = {
        "scrape_interval: 15s": "scrape_interval: 1s",
        "evaluation_interval: 15s": "evaluation_interval: 1s",
        "127.0.0.1:8001": f"127.0.0.1:{console}",
        "127.0.0.1:9093": f"127.0.0.1:{free_port()}",  # no Alertmanager
        "/etc/prometheus/sluice.password": f"{folder}/password",
        **(changes or {"127.0.0.1:9115": f"127.0.0.1:{free_port()}"}),
    }
    (folder / "prometheus.yml").write_text(render(FOLDER / "prometheus.yml", places))
    command = [
        binary,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (
        running(command, folder / "output.log", port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client,
    ):
        # It listens before it has read its folder, and says 503 until then.
        until(lambda: client.get("/-/ready").is_success)
        yield Prometheus(client)
