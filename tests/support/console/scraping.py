"""Read metrics like Prometheus, and publish the statistics that they are made of."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import redis
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from ingress.delivery import FailoverWriter
from ingress.process_stats import ProcessCounters, ProcessStatsReporter
from ingress.spool import SpoolWriter
from shared.redis.connection import connect_async
from tests.support.console.browsing import PASSWORD, Visitor
from workers.runtime.liveness.worker_status import WorkerReport, WorkerStatusPublisher

BEARER = {"authorization": f"Bearer {PASSWORD}"}
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


class Scrape(NamedTuple):
    """The samples of one scrape, by name and labels (label values sorted by label name)."""

    families: dict[str, str]  # types by name
    samples: dict[tuple[str, ...], float]

    def value(self, name: str, **labels: str) -> float:
        """Return the value of one sample, which must exist."""
        return self.samples[name, *(labels[label] for label in sorted(labels))]

    def total(self, name: str) -> float:
        """Return the sum of all samples with that name."""
        return sum(value for (each, *_), value in self.samples.items() if each == name)

    def names(self, name: str) -> set[tuple[str, ...]]:
        """Return the label values of all samples with that name."""
        return {tuple(labels) for each, *labels in self.samples if each == name}


def read(text: str, *, as_open_metrics: bool = False) -> Scrape:
    """Parse metrics; fail if a sample occurs twice."""
    families: Iterable[Metric] = (open_metrics if as_open_metrics else plain_text)(text)
    scrape = Scrape({}, {})
    for family in families:
        scrape.families[family.name] = family.type
        for sample in family.samples:
            key = (sample.name, *(value for _, value in sorted(sample.labels.items())))
            assert key not in scrape.samples, key
            scrape.samples[key] = sample.value
    return scrape


def scrape(visitor: Visitor) -> Scrape:
    """Scrape the metrics with the password."""
    answer = visitor.get("/metrics", **BEARER)
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def publish_ingress_stats(redis_url: str, folder: Path, tally: ProcessCounters) -> None:
    """Publish the statistics of one ingress process."""

    async def never(*_: object) -> Any:
        raise AssertionError

    async def telling() -> None:
        client = connect_async(redis_url)
        await ProcessStatsReporter(
            client, tally, FailoverWriter(never, never, SpoolWriter(folder, limit=9_000_000)).status
        ).publish()
        await client.aclose()

    asyncio.run(telling())


def publish_worker_status(client: redis.Redis, name: str, state: str, *queues: str) -> None:
    """Publish the status of one worker."""
    WorkerStatusPublisher(client, name, f"pulse.{name}").publish(
        WorkerReport("host", name, 1, "prefork", queues, state, 0.0, 1, 2)
    )
