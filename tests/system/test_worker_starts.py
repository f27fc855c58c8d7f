"""A worker that is started while Redis is full, loads its data or is not there: it does not give up."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.deploy.redis_server import binary
from tests.support.programs import Program, free_port, lasting_port, program, python, run, started
from tests.support.waiting import until

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

_SECONDS = 60.0
_TEXT = '{"messages": {"id": "%s", "type": "text", "from": "919800000001", "text": {"body": "%s"}}}'


class Place:
    """A folder, a port for Redis, and what is started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = lasting_port()
        self.settings = {
            "SLUICE_REDIS_URL": f"redis://127.0.0.1:{self.port}/0",
            "SLUICE_DATA_DIR": str(folder / "var"),
            "SLUICE_PORT": str(free_port()),
        }
        self._http = httpx.Client(timeout=10, trust_env=False, verify=False)

    def server(self, *options: str) -> AbstractContextManager[Program]:
        """A server with these options."""
        named = {"--port": str(self.port), "--bind": "127.0.0.1", "--appendonly": "yes", "--save": ""}
        words = [word for option in named.items() for word in option]
        return self._started("redis", [binary("valkey-server"), *words, *options])

    @contextmanager
    def ingress(self) -> Iterator[Program]:
        """The ingress, once it answers."""
        with self._started("ingress", python("-m", "ingress")) as running:
            until(lambda: self.post("a") == 200, within=_SECONDS)
            yield running

    def worker(self, *options: str) -> AbstractContextManager[Program]:
        """A worker, which may not be ready yet."""
        return self._started("worker", [program("celery"), "--quiet", "-A", "workers", "worker", "-c", "2", *options])

    def client(self) -> redis.Redis:
        """A client of the server."""
        return redis.Redis("127.0.0.1", self.port, decode_responses=True, retry=Retry(NoBackoff(), 0))

    def answers(self) -> bool:
        """Whether the server does, and has its data."""
        with suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def post(self, wamid: str, padding: int = 0) -> int:
        """The status that a text message is answered with; 0 where nobody answers."""
        url = f"http://127.0.0.1:{self.settings['SLUICE_PORT']}/webhooks"
        with suppress(httpx.HTTPError):
            return self._http.post(url, content=_TEXT % (wamid, "x" * padding)).status_code
        return 0

    def stored(self) -> set[str]:
        """The messages that are rows."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.folder / "var" / "sluice.db")) as database:
            return {wamid for (wamid,) in database.execute("SELECT wamid FROM messages")}
        return set()

    def is_well(self) -> bool:
        """Whether `sluice health worker` says so."""
        return run([program("sluice"), "health", "worker"], self.folder, **self.settings).returncode == 0

    def close(self) -> None:
        """Ends its own connections."""
        self._http.close()

    def _started(self, name: str, command: Sequence[str]) -> AbstractContextManager[Program]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return started(command, folder, **self.settings)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_worker_that_is_started_while_redis_is_full_drains_what_waits(place: Place, pool: str) -> None:
    with place.server("--maxmemory", "8mb"):
        until(place.answers)
        with place.ingress():
            wamids = _fill(place)
            with place.worker("--pool", pool) as worker:  # the first that this Redis ever sees
                until(lambda: place.stored() >= wamids, within=_SECONDS, every=0.1)
                until(place.is_well)
                assert worker.process.poll() is None


def test_a_worker_that_is_started_before_its_redis_waits_for_it(place: Place) -> None:
    with place.ingress(), place.worker() as waiting:
        waiting.has_said("Cannot connect to redis", _SECONDS)
        until(lambda: "Trying again" in waiting.output)
        assert not place.is_well()
        with place.server():
            until(lambda: place.stored() == {"a"}, within=_SECONDS, every=0.1)
            until(place.is_well)
            assert waiting.stop() == 0


def test_a_worker_that_is_started_while_redis_loads_its_data_waits_for_that(place: Place) -> None:
    keys = 60_000
    with place.server("--appendfsync", "no") as before, place.ingress():
        until(lambda: place.client().xlen("sluice:lane:intake") == 1)
        with place.client() as client, client.pipeline(transaction=False) as pipe:
            for number in range(keys):
                pipe.set(f"somebody else's {number}", number)
            pipe.execute()
        before.stop()
    # For a while it answers everything with LOADING.
    slowly = ("--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024")
    with place.server(*slowly), place.worker() as waiting:
        waiting.has_said("BusyLoadingError", _SECONDS)
        assert not place.answers()
        with place.client() as client:
            client.config_set("key-load-delay", 0)
        until(lambda: place.stored() == {"a"}, within=_SECONDS, every=0.1)
        assert waiting.process.poll() is None


def _fill(place: Place) -> set[str]:
    """Posts messages until Redis refuses them, and some more, which go to the spool; all that were acknowledged."""
    wamids: set[str] = set()
    with place.client() as client:
        beyond = 0
        while beyond < 20:
            wamid = f"wamid.{len(wamids)}"
            assert place.post(wamid, padding=30_000) == 200
            wamids.add(wamid)
            beyond += _is_full(client)
        assert client.xlen("sluice:lane:intake") > 100
    return wamids


def _is_full(client: redis.Redis) -> bool:
    try:
        client.set("probe", "x" * 30_000)
    except redis.OutOfMemoryError:
        return True
    client.delete("probe")
    return False
