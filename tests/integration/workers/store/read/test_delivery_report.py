"""The delivery report, and as CSV."""

import csv
from contextlib import closing
from datetime import date, timedelta
from typing import Any

from tests.support.store.samples import START, at
from tests.support.store.webhooks import RAVI, delivery_events, message_event, status_event
from workers.events import Event
from workers.store import Store
from workers.store.read.delivery_report import (
    BillingLine,
    DailyCounts,
    DeliveryReport,
    FailureCount,
    ReportPeriod,
    billable_conversations,
    count_deliveries,
)
from workers.store.read.delivery_report_csv import csv_days, csv_deliveries

HOUR, DAY = 3600.0, 86_400.0
WEEK = ReportPeriod(START - timedelta(days=1), START + timedelta(days=6))
FIRST, SECOND = date(2026, 1, 2), date(2026, 1, 3)  # START is at 03:04:05


def reported(store: Store, wanted: ReportPeriod = WEEK, failures: int = 10) -> DeliveryReport:
    with store.reading() as connection:
        return count_deliveries(connection, wanted, max_failures=failures)


def billed(store: Store, wanted: ReportPeriod = WEEK) -> tuple[BillingLine, ...]:
    with store.reading() as connection:
        return billable_conversations(connection, wanted)


def failed_message(wamid: str, code: int, title: str, seconds: float = 10) -> list[Event]:
    return [status_event(wamid, "failed", seconds, errors=[{"code": code, "title": title}])]


def prepared(store: Store) -> Store:
    store.write(
        [
            message_event("wamid.A"),  # not an outgoing message
            *delivery_events("wamid.1", 10, category="marketing", number="918000000001"),
            *delivery_events("wamid.2", 20, category="marketing", way="sent delivered"),
            *delivery_events("wamid.3", 30, category="service", way="sent"),
            *delivery_events("wamid.4", 40, category="marketing", way="sent failed delivered"),
            *delivery_events("wamid.5", DAY, category="marketing", way="sent delivered read played"),
            *delivery_events("wamid.6", 21 * HOUR - 10, category="utility", way="sent read", customer=RAVI),
        ]
    )
    return store


def test_messages_are_counted_by_day_category_and_billing(store: Store) -> None:
    days = reported(prepared(store)).days
    assert days == (
        DailyCounts(SECOND, "marketing", True, sent=1, delivered=1, read=1, failed=0),
        DailyCounts(SECOND, "utility", True, sent=1, delivered=1, read=1, failed=0),
        DailyCounts(FIRST, "marketing", True, sent=3, delivered=3, read=1, failed=0),
        DailyCounts(FIRST, "service", False, sent=1, delivered=0, read=0, failed=0),
    )


def test_days_are_those_of_the_requested_time_zone(store: Store) -> None:
    prepared(store)
    by_offset = {
        offset: [(row.day, row.category) for row in reported(store, WEEK._replace(offset_minutes=offset)).days]
        for offset in (-60, 0, 330)
    }
    assert (SECOND, "utility") in by_offset[0]
    assert (FIRST, "utility") in by_offset[-60]
    assert by_offset[330] == by_offset[0]
    assert reported(store, WEEK._replace(offset_minutes=-4 * 60)).days[-1].day == FIRST - timedelta(days=1)


def test_only_messages_sent_in_the_period_count(store: Store) -> None:
    prepared(store)
    days = reported(store, ReportPeriod(at(20), at(40))).days
    assert [(row.category, row.sent) for row in days] == [("marketing", 1), ("service", 1)]
    before = ReportPeriod(at(-DAY), at(-1))
    assert (reported(store, before), billed(store, before)) == (DeliveryReport((), ()), ())


def test_a_message_without_a_sent_status_counts_by_its_first_status(store: Store) -> None:
    store.write(
        [
            *failed_message("wamid.1", 1, "x"),
            status_event("wamid.2", "read", 30),
            status_event("wamid.3", "delivered", 3 * DAY),
        ]
    )
    days = reported(store, ReportPeriod(at(0), at(DAY))).days
    assert days == (DailyCounts(FIRST, None, None, sent=2, delivered=1, read=1, failed=1),)


def test_the_report_can_be_limited_to_one_number(store: Store) -> None:
    (only,) = reported(prepared(store), WEEK._replace(business_number="918000000001")).days
    assert (only.category, only.sent, only.read) == ("marketing", 1, 1)


def test_the_most_frequent_failures_come_first(store: Store) -> None:
    store.write([event for number in range(3) for event in failed_message(f"wamid.{number}", 131026, "undeliverable")])
    store.write([*failed_message("wamid.x", 131047, "re-engage"), status_event("wamid.y", "failed", 9)])
    store.write([*failed_message("wamid.z", 1, "came after all"), status_event("wamid.z", "delivered", 99)])
    found = reported(store).failures
    assert found[0] == FailureCount(131026, "undeliverable", 3)
    assert set(found[1:]) == {FailureCount(131047, "re-engage", 1), FailureCount(None, None, 1)}
    assert reported(store, failures=1).failures == found[:1]


def test_a_billed_conversation_counts_once(store: Store) -> None:
    prepared(store)
    again: dict[str, Any] = {"conversation": {"id": "conversation of wamid.1", "origin": {"type": "marketing"}}}
    again["pricing"] = {"billable": True, "category": "marketing"}
    store.write(
        [status_event("wamid.7", "sent", 50, **again), status_event("wamid.8", "sent", 51, pricing={"billable": True})]
    )
    assert billed(store) == (
        BillingLine(None, 0, 1),
        BillingLine("marketing", 4 + 0, 5),
        BillingLine("utility", 1, 1),
    )


def test_the_csv_files_have_one_line_per_day_and_per_message(store: Store) -> None:
    prepared(store)
    with store.reading() as connection:
        days = list(csv.DictReader(csv_days(connection, WEEK)))
        messages = list(csv.DictReader(csv_deliveries(connection, WEEK)))
    assert days[-1] == {
        "day": "2026-01-02",
        "category": "service",
        "billable": "false",
        "sent": "1",
        "delivered": "0",
        "read": "0",
        "failed": "0",
    }
    (read,) = (row for row in messages if row["wamid"] == "wamid.1")
    assert (read["status"], read["read_at"], read["billable"]) == ("read", "2026-01-02T03:04:17+00:00", "true")
    assert sorted(row["wamid"] for row in messages) == [f"wamid.{number}" for number in range(1, 7)]


def test_untrusted_text_is_not_a_formula_in_a_spreadsheet(store: Store) -> None:
    store.write(failed_message("wamid.1", -5, '=HYPERLINK("http://evil.example")\r\n,"x"'))
    with store.reading() as connection:
        header, line = csv.reader(csv_deliveries(connection, WEEK))
    row = dict(zip(header, line, strict=True))
    assert (row["error_title"], row["error_code"]) == ('\'=HYPERLINK("http://evil.example")\r\n,"x"', "-5")


def test_csv_lines_are_generated_while_reading(store: Store) -> None:
    prepared(store)
    with store.reading() as connection:
        lines = csv_deliveries(connection, WEEK)
        with closing(lines):
            assert next(lines).endswith("business_number\r\n")
            assert next(lines).endswith("\r\n")
