"""Everything that runs: servers, two ingresses, two workers, the media API; and the sender of a stretch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx

from tests.programs.chaos.databases import Database, database
from tests.programs.chaos.redis_server import RedisServer
from tests.programs.chaos.sender import Sender
from tests.programs.chaos.spool_disk import SpoolDisk
from tests.programs.chaos.supervised import SupervisedProcess
from tests.support.programs import clean_environment, lasting_port, program, python
from tests.support.stack import media_api
from tests.support.waiting import until

_START = 90.0  # seconds
_POOLS = ("prefork", "prefork")


class Environment:
    """The programs and servers; `sender` is set while a stretch has load."""

    def __init__(self, folder: Path, store: Database, media_url: str) -> None:
        self.folder = folder
        self.database = store
        self.redis = RedisServer(folder / "redis")
        self.spool = SpoolDisk(folder / "var" / "spool")
        self.variables = clean_environment(
            SLUICE_REDIS_URL=self.redis.url,
            SLUICE_DATABASE_URL=store.url,
            SLUICE_DATA_DIR=str(folder / "var"),
            SLUICE_MEDIA_URL=media_url,
            SLUICE_MEDIA_AUTH="Authorization: Bearer demo",
            SLUICE_HANDLERS="tests.programs.chaos.handlers",
            CHAOS_NOTES=str(folder),
        )
        self.ingresses: list[SupervisedProcess] = []
        self.workers: list[SupervisedProcess] = []
        self.ports: dict[SupervisedProcess, int] = {}
        self.sender: Sender | None = None
        self.odd: list[str] = []  # what went wrong apart from events
        self.added: dict[str, str] = {}  # to the environment of programs that are started from now on
        self._number = 0

    @property
    def load(self) -> Sender:
        """The sender."""
        assert self.sender is not None
        return self.sender

    def start(self) -> None:
        """Returns once all of it answers."""
        self.redis.start()
        self.ingresses = [self.new_ingress() for _ in range(2)]
        self.workers = [self.new_worker(pool) for pool in _POOLS]
        self.wait_ready()
        with self.redis.client() as client:  # a worker has made the lanes known
            until(lambda: client.exists("sluice:lanes"), within=_START, every=0.05)

    def stop(self) -> None:
        """Ends everything; what does not end is killed."""
        programs = [*self.ingresses, *self.workers]
        for one in programs:
            one.terminate()
        for one in programs:
            one.wait()
        self.redis.stop()
        self.spool.unmount()

    def new_ingress(self) -> SupervisedProcess:
        """Another ingress, on a port of its own."""
        port = lasting_port()
        made = self._keep("ingress", python("-m", "ingress"), {"SLUICE_PORT": str(port)})
        self.ports[made] = port
        return made

    def new_worker(self, pool: str = "prefork") -> SupervisedProcess:
        """Another worker."""
        options = f"--quiet -A workers worker --pool {pool} --loglevel INFO --without-gossip --without-mingle"
        count = () if pool == "solo" else ("--concurrency", "2")
        return self._keep(f"worker-{pool}", [program("celery"), *options.split(), *count], {})

    def wait_ready(self, ingresses: Sequence[SupervisedProcess] = ()) -> None:
        """Until these ingresses (default: all) take webhooks."""
        for one in ingresses or self.ingresses:
            until(partial(self.is_ready, self.ports[one]), within=_START, every=0.05)

    def is_ready(self, port: int) -> bool:
        """Whether the ingress at that port takes webhooks."""
        with suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{port}/health/ready"
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        return False

    def use_ports(self) -> None:
        """Point the sender at the current ingresses."""
        if self.sender is not None:
            self.sender.use([self.ports[one] for one in self.ingresses])

    def retire(self, programs: Sequence[SupervisedProcess]) -> None:
        """SIGTERMs them all at once, and waits; one that has to be killed is odd.

        A Celery worker may end on its own, with 1, when Redis goes or comes back (see the README): also just then.
        """
        for one in programs:
            one.terminate()
        for one in programs:
            code = one.wait()
            if one.killed_late or code not in ({0, -15} if one in self.ports else {0, -15, 1}):
                self.odd.append(f"{one.name} ended with {code} after SIGTERM{' and SIGKILL' * one.killed_late}")

    def ended(self) -> list[str]:
        """Ingresses that ended on their own since this was asked last, in words. (A worker may: see the README.)"""
        found = [f"{one.name} ended on its own with {code}" for one in self.ports for code in one.exits]
        for one in self.ports:
            one.exits.clear()
        return found

    def tell(self, line: str) -> None:
        """Writes a line into the suite's own log, to be held against those of the programs."""
        with (self.folder / "chaos.log").open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {line}\n")

    def _keep(self, name: str, command: Sequence[str], settings: dict[str, str]) -> SupervisedProcess:
        self._number += 1
        return SupervisedProcess(
            f"{self._number:02d}-{name}", command, {**self.variables, **self.added, **settings}, self.folder
        )


@contextmanager
def running_environment(name: str, folder: Path) -> Iterator[Environment]:
    """All of it with a database of that name, in that folder (made here); stopped at the end."""
    folder.mkdir(parents=True)
    with database(name, folder) as store, media_api() as template:
        made = Environment(folder, store, template)
        try:
            made.start()
            yield made
        finally:
            made.stop()
