"""What every measurement is given: where it may write, what it writes to, how much it does."""

from pathlib import Path
from typing import NamedTuple

#: The server that is measured has one core; Redis, the load and everything else have the other one.
SERVER_CORE, OTHER_CORE = "0", "1"
#: Workers, Redis and the database, where no ingress is measured.
ALL_CORES = "0,1"


class Sizes(NamedTuple):
    """How much is done."""

    rounds: int  # of load on the ingress
    long_rounds: int  # of all else
    load_seconds: int  # of one round of load on the ingress
    backlog: int  # webhooks
    baseline_backlog: int  # for those that handle events one by one
    posts: int  # webhooks that go the whole way
    baseline_posts: int
    idle_posts: int
    waiting: int  # statuses that wait while messages come
    messages: int  # that come while they wait
    slow_events: int
    depth: int  # of the deep backlog
    depth_rounds: int
    depth_events: int  # handled at each depth
    computed_events: int  # of the handler that computes, for one process
    memory_seconds: int


FULL = Sizes(
    rounds=5,
    long_rounds=3,
    load_seconds=5,
    backlog=178_000,  # which hold 200,000 events
    baseline_backlog=8_000,
    posts=100_000,
    baseline_posts=5_000,
    idle_posts=300,
    waiting=200_000,
    messages=300,
    slow_events=4_000,
    depth=1_000_000,
    depth_rounds=2,
    depth_events=150_000,
    computed_events=2_000,
    memory_seconds=600,
)
SHORT = Sizes(
    rounds=1,
    long_rounds=1,
    load_seconds=2,
    backlog=20_000,
    baseline_backlog=1_000,
    posts=15_000,
    baseline_posts=800,
    idle_posts=60,
    waiting=15_000,
    messages=40,
    slow_events=2_000,
    depth=40_000,
    depth_rounds=1,
    depth_events=10_000,
    computed_events=600,
    memory_seconds=20,
)


class Context(NamedTuple):
    """`database`: SQLAlchemy address of an event store that is the bench's own."""

    folder: Path
    database: str
    sizes: Sizes

    @property
    def database_kind(self) -> str:
        """`postgresql` or `sqlite`."""
        return self.database.split(":")[0].split("+")[0]


class LeftOut(Exception):
    """Raised by a measurement that cannot be made on this machine; says why."""
