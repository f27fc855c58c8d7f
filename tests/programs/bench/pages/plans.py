"""PostgreSQL's plans of what a page asks, as the console asks it."""

import re
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy.event import listen

from tests.programs.bench.pages.asked import Asked
from tests.programs.bench.pages.timing import PASSWORD
from tests.support.console.browsing import Visitor
from workers.console.app import create_app
from workers.console.context import ConsoleContext

_NODE = re.compile(r"^\s*(?:->\s+)?(?P<name>\S.*?)\s+\(cost=\S+ rows=\d+ width=\d+\) (?P<ran>\(.*\))$")
_ROWS = re.compile(r"rows=(?P<rows>\d+) loops=(?P<loops>\d+)")
_BUFFERS = re.compile(r"^\s*Buffers: shared (.*)$", re.MULTILINE)
_TIME = re.compile(r"^Execution Time: (.*)$", re.MULTILINE)


class Query(NamedTuple):
    """One query of a page."""

    statement: str
    parameters: Any


class Watched:
    """A console within this process, whose queries are written down."""

    def __init__(self, console: ConsoleContext) -> None:
        assert console.store is not None
        self._store = console.store
        self._queries: list[Query] = []
        self._visitor = Visitor(create_app(console.settings, console))
        self._visitor.sign_in(PASSWORD)
        self._visitor.get("/events")  # so that the tables are known to be there
        listen(console.store.engine, "before_cursor_execute", self._note)

    def plans(self, asked: Asked) -> list[str]:
        """The plan of each query that the page leads to, with what it took."""
        self._queries.clear()
        if not asked.fields:
            self._visitor.get(asked.path)
        noted = list(self._queries)
        with self._store.reading() as connection:
            explained = [
                connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {query.statement}", query.parameters)
                for query in noted
            ]
            return ["\n".join(answer.scalars()) for answer in explained]

    def close(self) -> None:
        """No more."""
        self._visitor.close()

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if " FROM " in " ".join(statement.split()):
            self._queries.append(Query(statement, parameters))


def short(plan: str) -> str:
    """A plan in a line: its nodes that ran, from the outermost on, with the rows of each, then buffers and time."""
    ran = [reported for line in plan.splitlines() if (reported := _node(line))]
    # Of the ranges that a list of keys leads to the first stands for all.
    nodes = [next(alike) for _, alike in groupby(ran, key=lambda reported: reported.rpartition(" (")[0])]
    buffers, took = _BUFFERS.search(plan), _TIME.search(plan)
    return f"{' ← '.join(nodes)}; {buffers[1] if buffers else 'no'} buffers, {took[1] if took else '?'}"


def _node(line: str) -> str:
    found = _NODE.match(line)
    ran = _ROWS.search(found["ran"]) if found else None
    if found is None or ran is None:
        return ""
    loops = "" if ran["loops"] == "1" else f" x {int(ran['loops']):,}"
    return f"{found['name']} ({int(ran['rows']):,}{loops})"
