"""PostgreSQL's plans for the console's queries: each uses an index and none reads a whole table."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.event import listens_for

from tests.integration.workers.store.read.test_delivery_report import reported
from tests.support.store.many import BUSY, CUSTOMER, END, NUMBER, RARE_NUMBER, fill
from workers.store import Store
from workers.store.read.conversation import conversation, recent_conversations
from workers.store.read.delivery_report import ReportPeriod
from workers.store.read.event_detail import event_details
from workers.store.read.search import EventFilter, search_events

EVENTS = 60_000
ASKED: list[tuple[str, Callable[[Connection], object], str]] = [
    ("newest", lambda c: search_events(c, EventFilter()), "events_by_occurrence"),
    ("older", lambda c: search_events(c, EventFilter(until=END - timedelta(days=20))), "events_by_occurrence"),
    ("a number", lambda c: search_events(c, EventFilter(business_number=NUMBER)), "events_by_occurrence"),
    ("a type", lambda c: search_events(c, EventFilter(types=("order",))), "events_by_type"),
    ("a state", lambda c: search_events(c, EventFilter(status="failed")), "events_by_type"),
    ("a customer", lambda c: search_events(c, EventFilter(customer=CUSTOMER)), "events_by_customer"),
    ("a message", lambda c: search_events(c, EventFilter(wamid="wamid.HBgM1")), "events_pkey"),
    ("a text", lambda c: search_events(c, EventFilter(text="order 77 ")), "messages_by_occurrence"),
    ("one event", lambda c: event_details(c, "m:text:wamid.HBgM1"), "events_pkey"),
    ("a conversation", lambda c: conversation(c, BUSY), "events_by_customer"),
    ("who wrote last", recent_conversations, "messages_by_occurrence"),
]


@pytest.fixture(scope="module")
def month(postgres_server: str) -> Iterator[Store]:
    """A database of its own, filled once."""
    admin = Store(postgres_server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE month"))
    admin.close()
    store = Store(f"{postgres_server.rpartition('/')[0]}/month")
    store.create()
    with store.writing() as connection:
        fill(connection, EVENTS)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    yield store
    store.close()


@pytest.mark.parametrize(("name", "ask", "index"), ASKED, ids=[name for name, _, _ in ASKED])
def test_each_query_uses_its_index(month: Store, name: str, ask: Callable[[Connection], object], index: str) -> None:
    asked: list[tuple[str, Any]] = []
    with month.reading() as connection:
        listener = listens_for(connection, "before_cursor_execute")
        listener(lambda _c, _cursor, statement, parameters, _context, _many: asked.append((statement, parameters)))
        ask(connection)
    with month.reading() as connection:
        plans = [
            "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
            for statement, parameters in asked
        ]
    assert index in plans[0]
    assert "Seq Scan on events" not in "".join(plans)


def test_the_generated_events_are_found(month: Store) -> None:
    with month.reading() as connection:
        wanted = EventFilter(business_number=RARE_NUMBER, kind="message")
        pages = [search_events(connection, wanted, limit=200)]
        while pages[-1].older:  # on a busy machine the search may run out of time before the first match
            pages.append(search_events(connection, wanted, before=pages[-1].older, limit=200))
    assert {event.business_number for page in pages for event in page.events} == {RARE_NUMBER}
    days = reported(month, ReportPeriod(END - timedelta(days=31), END)).days
    assert len({row.day for row in days}) == 30
    assert sum(row.sent for row in days) > EVENTS / 5
