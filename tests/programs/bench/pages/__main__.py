"""`make pages`."""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from shared.redis.connection import connect
from shared.settings import Settings
from tests.programs.bench.pages import lanes, timing
from tests.programs.bench.pages.asked import Asked, asked
from tests.programs.bench.pages.plans import Watched, short
from tests.programs.bench.pages.timing import PASSWORD, Browser
from tests.support.postgres import Restartable, restartable_postgres
from tests.support.programs import lasting_port
from tests.support.store.many import fill
from tests.support.valkey import valkey
from workers.console.context import ConsoleContext
from workers.store import Store

#: Milliseconds that a page may take, warm.
MAX_MEDIAN_MS = 200.0
_SETTLES = 5.0  # seconds until the console has looked at everything

console = Console(width=130 if not sys.stdout.isatty() else None)


class Took(NamedTuple):
    """Milliseconds of one page."""

    asked: Asked
    cold: float | None  # the first, with nothing of the database in memory; None: it was not asked for
    warm: list[float]

    @property
    def median(self) -> float:
        """Of the warm ones."""
        return statistics.median(self.warm)


def main() -> int:
    """0: every page's median is within MAX_MEDIAN_MS."""
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="sluice-pages-") as name,
        _filled(options.events) as database,
        valkey() as redis_url,
        connect(redis_url) as client,
        closing(ConsoleContext(_settings(Path(name), database.url, redis_url))) as context,
    ):
        pages = asked(context.url_tokens, lanes.fill(client), options.events)
        with timing.console(Path(name), database.url, redis_url) as url:
            found = _time(url, pages, database if options.cold else None, options.rounds)
        console.print(_table(found, options.events))
        if options.plans:
            _write_plans(options.plans, context, pages)
    return 0 if all(took.median <= MAX_MEDIAN_MS for took in found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make pages", description="Each page of the console, timed.")
    parser.add_argument("--events", type=int, default=1_000_000, metavar="N", help="in PostgreSQL")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="times that each page is asked for, warm")
    parser.add_argument("--cold", action="store_true", help="also with nothing of the database in memory, once each")
    parser.add_argument("--plans", type=Path, metavar="FILE", help="where PostgreSQL's plans of all queries go")
    return parser.parse_args()


@contextmanager
def _filled(events: int) -> Iterator[Restartable]:
    with restartable_postgres(lasting_port()) as server, closing(Store(server.url)) as store:
        began = time.perf_counter()
        store.create()
        with store.writing() as connection:
            fill(connection, events)
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
        store.close()
        console.print(f"{events:,} events written in {time.perf_counter() - began:.0f} s")
        yield server


def _settings(folder: Path, database: str, redis_url: str) -> Settings:
    found = Settings.load(redis_url=redis_url, database_url=database, data_dir=folder)
    return found.model_copy(update={"console_password": SecretStr(PASSWORD)})


def _time(url: str, pages: list[Asked], database: Restartable | None, rounds: int) -> list[Took]:
    with closing(Browser(url)) as browser:
        time.sleep(_SETTLES)
        cold = [_cold(browser, page, database) if database else None for page in pages]
        if database:
            database.start_cold()
        found = []
        for page, first in zip(pages, cold, strict=True):
            browser.seconds(page)  # what it reads is in memory from now on
            found.append(Took(page, first, [browser.seconds(page) * 1000 for _ in range(rounds)]))
        return found


def _cold(browser: Browser, page: Asked, database: Restartable) -> float:
    database.start_cold()
    browser.seconds(Asked("", "/events?type=none"))  # connected again; it finds nothing, and so reads next to nothing
    return browser.seconds(page) * 1000


def _table(found: list[Took], events: int) -> Table:
    table = Table(f"page, {events:,} events", "cold ms", "median ms", "worst ms", "", box=None, pad_edge=False)
    for name in ("cold ms", "median ms", "worst ms"):
        table.columns[[column.header for column in table.columns].index(name)].justify = "right"
    for took in found:
        cold = "" if took.cold is None else f"{took.cold:.0f}"
        late = "" if took.median <= MAX_MEDIAN_MS else f"over {MAX_MEDIAN_MS:.0f} ms"
        table.add_row(took.asked.name, cold, f"{took.median:.0f}", f"{max(took.warm):.0f}", late)
    return table


def _write_plans(file: Path, context: ConsoleContext, pages: list[Asked]) -> None:
    with closing(Watched(context)) as watched, file.open("w") as out:
        for page in pages:
            plans = watched.plans(page)
            out.write(f"## {page.name}\n\n" + "".join(f"- {short(plan)}\n" for plan in plans))
            out.write("".join(f"\n```\n{plan}\n```\n" for plan in plans) + "\n")


if __name__ == "__main__":
    sys.exit(main())
