"""The one-by-one baselines' queues and workers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dramatiq
import orjson
from celery import Celery
from dramatiq.brokers.redis import RedisBroker

from tests.programs.bench.baselines.plain import events_of
from tests.programs.bench.context import ALL_CORES
from tests.programs.bench.machine import Process, running
from tests.support.programs import program

#: Two processes each, as Sluice has. Of Celery's pools solo needs the least CPU a task: prefork -c 2 and threads -c 4
#: need 10 to 20 % more, though most would take prefork. Of 2, 4 and 8 threads dramatiq did best with four.
_CELERY = ("-A", "tests.programs.bench.baselines.fastapi_celery:celery", "worker", "--pool", "solo")
_CELERY_QUIET = ("--without-mingle", "--without-gossip", "--without-heartbeat")
_DRAMATIQ = ("tests.programs.bench.baselines.fastapi_dramatiq", "--processes", "2", "--threads", "4")


def fill_celery(redis_url: str, bodies: Sequence[bytes]) -> None:
    """A task for each event of the webhooks."""
    publisher = Celery(broker=redis_url, set_as_current=False)
    publisher.conf.broker_transport_options = {"global_keyprefix": "naive:"}
    with publisher.producer_pool.acquire(block=True) as producer:
        for body in bodies:
            for event in events_of(orjson.loads(body)):
                publisher.send_task("tests.programs.bench.baselines.fastapi_celery.handle", (event,), producer=producer)
    publisher.close()


def fill_dramatiq(redis_url: str, bodies: Sequence[bytes]) -> None:
    """A message for each event of the webhooks."""
    broker = RedisBroker(url=redis_url, namespace="naive")  # type: ignore[no-untyped-call]
    broker.declare_queue("default")
    for body in bodies:
        for event in events_of(orjson.loads(body)):
            broker.enqueue(
                dramatiq.Message(queue_name="default", actor_name="handle", args=(event,), kwargs={}, options={})
            )
    broker.close()


@contextmanager
def celery(redis_url: str, database: str, folder: Path, *, cores: str = ALL_CORES) -> Iterator[Process]:
    """Its workers; the first of them."""
    command = [program("celery"), "--quiet", *_CELERY, *_CELERY_QUIET]
    environment = _environment(redis_url, database)
    with (
        running([*command, "-n", "one@%h"], cores, environment, folder / "celery-one.log") as process,
        running([*command, "-n", "two@%h"], cores, environment, folder / "celery-two.log"),
    ):
        yield process


@contextmanager
def dramatiq_workers(redis_url: str, database: str, folder: Path, *, cores: str = ALL_CORES) -> Iterator[Process]:
    """Its workers."""
    command = [program("dramatiq"), *_DRAMATIQ]
    environment = _environment(redis_url, database) | {"dramatiq_queue_prefetch": "64"}
    with running(command, cores, environment, folder / "dramatiq.log") as process:
        yield process


def _environment(redis_url: str, database: str) -> dict[str, str]:
    return {"BENCH_REDIS": redis_url, "BENCH_DATABASE": database}
