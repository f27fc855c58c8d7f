"""All pages: empty, during outages, with untrusted text, and their searches."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from shared.settings import Settings
from tests.support.console.browsing import Visitor, links, words
from tests.support.console.fixtures import OpenConsole, add_dead_letter, entry, message, with_settings
from tests.support.programs import free_port
from tests.support.store.samples import status
from workers.console.context import ConsoleContext
from workers.events import ErrorDetail
from workers.lanes import Completed, Lanes
from workers.store import Store

OpenBrowser = Callable[..., Visitor]
EVIL = "<script>alert(1)</script></textarea>\u202egnp\x1b[31m\u200f"
SHOWN = "<script>alert(1)</script></textarea>\\u202egnp\\x1b[31m\u200f"
PAGES = [
    "/",
    "/lanes",
    "/lanes?all=1",
    "/dead",
    "/events",
    "/conversations",
    "/report",
    "/audit",
    "/nothing",
    "/sign-in",
]
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:")


@pytest.mark.parametrize(
    ("path", "reported"),
    [
        ("/", "No workers yet No worker has connected to this Redis yet. Start everything with sluice up"),
        ("/lanes", "No lane has been used yet"),
        ("/dead", "No dead letters Events that fail and"),
        ("/dead?lane=x", "No matching dead letters Change or clear the filter"),
        ("/events", "No events yet"),
        ("/events?type=text", "No matching events"),
        ("/conversations", "No conversations yet"),
        ("/report", "No messages were sent in this period"),
    ],
)
def test_an_empty_page_says_what_to_do_next(
    client: redis.Redis, console: ConsoleContext, operator: Visitor, path: str, reported: str
) -> None:
    console.sampler.refresh()
    page = operator.get(path)
    assert page.status_code == 200
    assert reported in words(page)


def test_with_workers_but_no_webhook_the_overview_says_how_to_send_one(
    lanes: Lanes, console: ConsoleContext, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.operations.monitoring.sampler.find_problems", lambda *_given: [])
    console.sampler.refresh()
    assert "Everything is working. No webhooks yet. Send a test message: sluice send text" in words(operator.get("/"))
    lanes.push("text.greet", [entry()])
    lanes.settle("text.greet", [(held.id, Completed()) for held in lanes.take("text.greet", "test", 1)])
    console.sampler.refresh()
    assert "Everything is working. Events are being handled on time." in words(operator.get("/"))


def test_an_empty_audit_log_says_what_it_will_contain(client: redis.Redis, operator: Visitor) -> None:
    client.delete("sluice:console:audit")
    assert "No actions yet" in words(operator.get("/audit"))


@pytest.mark.logs("warning")
def test_without_redis_each_page_says_so(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    away = open_console(with_settings(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    visitor = open_browser(to=away)
    assert visitor.sign_in().status_code == 303
    away.sampler.refresh()
    assert re.search(r"Redis has been unavailable since [\d:]+ \(", words(visitor.get("/")))
    assert "Redis has been unavailable since" in words(visitor.get("/lanes"))
    for path in ("/dead", "/dead/text.greet/1-1", "/audit"):
        page = visitor.get(path)
        assert page.status_code == 503
        assert "Redis is unavailable" in words(page)
        assert "webhooks go to the ingress's spool and workers wait" in words(page)
    for path in ("/events", "/conversations", "/report"):
        assert visitor.get(path).status_code == 200


def test_without_the_database_its_pages_say_so(
    client: redis.Redis, settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    away = open_console(with_settings(settings, database_url=f"sqlite:///{tmp_path}"))  # a folder isn't a database
    visitor = open_browser(to=away)
    visitor.sign_in()
    for path in ("/events", "/conversations", "/report", "/report/billing", "/report/days.csv"):
        page = visitor.get(path)
        assert page.status_code == 503
        assert "The event store is unavailable" in words(page)
    away.sampler.refresh_database()
    away.sampler.refresh()
    assert "The event store does not answer" in words(visitor.get("/"))
    assert visitor.get("/dead").status_code == 200


def test_with_the_event_store_switched_off_its_pages_say_so(
    settings: Settings, open_console: OpenConsole, open_browser: OpenBrowser
) -> None:
    visitor = open_browser(to=open_console(with_settings(settings, database_url="none")))
    visitor.sign_in()
    for path in ("/events", "/conversations", "/report", "/report/billing", "/report/days.csv"):
        assert "The event store is switched off" in words(visitor.get(path))


def test_a_query_that_takes_too_long_is_aborted(
    operator: Visitor, console: ConsoleContext, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(connection: object, *_arguments: object, **_named: object) -> None:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        connection.exec_driver_sql(numbers)  # type: ignore[attr-defined]

    monkeypatch.setattr("workers.console.context.QUERY_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("workers.console.pages.conversations.recent_conversations", endless)
    page = operator.get("/conversations")
    assert page.status_code == 503
    assert "The event store is unavailable" in words(page)


def test_untrusted_text_is_escaped(lanes: Lanes, store: Store, operator: Visitor, console: ConsoleContext) -> None:
    add_dead_letter(lanes, "text.greet", entry(EVIL, name=EVIL), error=f"ValueError: {EVIL}", why="rejected")
    store.write([message(EVIL, "918888888888", "wamid.evil", EVIL)])
    store.write([status("failed", wamid="wamid.lost", recipient="918888888888", errors=())])
    console.sampler.refresh()
    pages = [operator.get(path) for path in ("/dead", "/events", "/conversations", f"/dead?error={'%3Cscript%3E'}")]
    pages += [
        operator.get(link) for page in pages[1:3] for link in links(page, "/events/") + links(page, "/conversations/")
    ]
    letter = links(pages[0], "/dead/text.greet/")[0]
    pages.append(operator.get(letter))
    assert len(pages) > 6
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "</textarea>" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
    assert sum(SHOWN.split("\\u")[0] in words_escaped(page.text) for page in pages) > 4


def words_escaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_inline_scripts_or_styles(
    lanes: Lanes, operator: Visitor, console: ConsoleContext, path: str
) -> None:
    add_dead_letter(lanes, "text.greet", entry())
    console.sampler.refresh()
    assert _INLINE.findall(operator.get(path).text) == []


def test_phone_numbers_are_masked_until_shown_and_that_is_audited(
    lanes: Lanes, store: Store, operator: Visitor
) -> None:
    number, wamid = "919812345678", "wamid.HBgMOTE5ODEyMzQ1Njc4FQIAEhgUM0JBRTFDQTZFRDNCOEM5QjFEMDkA"
    store.write([message(f"call +91 98123 45678 or {number}", number, wamid)])
    letter = add_dead_letter(lanes, "text.greet", entry(customer=number, wamid=wamid), error=f"KeyError: {number}")

    def pages() -> str:
        listed = [operator.get(path) for path in ("/events", "/conversations", "/dead", f"/dead/{letter}")]
        inner = [
            operator.get(link)
            for page in listed[:2]
            for link in links(page, "/events/") + links(page, "/conversations/")
        ]
        return "".join(page.text for page in [*listed, *inner])

    masked = pages()
    for reported in (number, "98123 45678", "MOTE5ODEyMzQ1Njc4"):
        assert reported not in masked
    assert "9198…678" in masked
    operator.get("/events")
    assert operator.submit("/numbers", {"show": "1", "next": "/events"}).headers["location"] == "/events"
    assert number in pages()
    assert "numbers shown" in words(operator.get("/audit"))
    operator.submit("/numbers", {"show": "0", "next": "/events"})
    assert number not in pages()


def test_events_are_searched_and_paged(store: Store, operator: Visitor) -> None:
    store.write([message(f"parcel {n}", wamid=f"wamid.{n}", timestamp=str(1767250000 + n)) for n in range(60)])
    store.write([message(wamid="wamid.image", type="image", image={"id": "1"})])
    first = operator.get("/events?text=parcel")
    assert len(links(first, "/events/")) == 50
    (older,) = (link for link in links(first, "/events?") if "before=" in link)
    second = operator.get(older)
    assert len(links(second, "/events/")) == 10
    assert "Newest" in words(second)
    assert len(links(operator.get("/events?type=image"), "/events/")) == 1
    assert operator.get("/events?before=rubbish").status_code == 400
    assert "Invalid time 2026-99-99" in words(operator.get("/events?since=2026-99-99"))


@pytest.mark.parametrize("path", ["/events", "/dead"])
def test_a_typed_number_is_not_in_urls_and_is_kept_for_the_next_search(
    lanes: Lanes, store: Store, operator: Visitor, path: str
) -> None:
    answer = operator.get(f"{path}?customer=%2B91+98123-45678&type=text&before=x")
    assert answer.status_code == 303
    assert "98123" not in answer.headers["location"]
    page = operator.follow(answer)
    assert "9198…678 All customers" in words(page)
    token = str(page.url.params["customer"])
    assert f'name="customer" value="{token}"' in page.text
    assert links(page, f"{path}?type=text") == [f"{path}?type=text"]
    assert operator.get(f"{path}?customer={token}&type=image").status_code == 200


def test_messages_and_statuses_can_be_searched_separately(store: Store, operator: Visitor) -> None:
    store.write([message(wamid="wamid.1"), status("sent", wamid="wamid.2")])
    store.write([status("failed", 1, wamid="wamid.3", errors=(ErrorDetail(code=131026, title="Undeliverable"),))])
    assert len(links(operator.get("/events?type=message"), "/events/")) == 1
    statuses = operator.get("/events?type=status")
    assert len(links(statuses, "/events/")) == 2
    assert "131026 Undeliverable failed" in words(statuses)


def test_an_event_shows_its_history(lanes: Lanes, store: Store, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, "text.greet", entry(wamid="wamid.77"), error="ValueError: no")
    store.write([message(wamid="wamid.77")])
    page = operator.get(links(operator.get("/events"), "/events/")[0])
    assert "happened" in words(page)
    assert "received" in words(page)
    assert "dead letter (exhausted)" in words(page)
    assert f"/dead/{letter}" in page.text
    assert operator.get("/events/unknown").status_code == 404


def test_a_conversation_shows_both_directions(store: Store, operator: Visitor) -> None:
    number = "919812345678"
    store.write([message("Where is it?", number, "wamid.in")])
    store.write([message(wamid="wamid.pic", customer=number, type="image", image={"id": "1", "caption": "Look"})])
    store.write(
        [
            status(word, n + 10, wamid="wamid.out", recipient=number)
            for n, word in enumerate(("sent", "delivered", "read"))
        ]
    )
    errors = (ErrorDetail(code=131047, title="Re-engagement message"),)
    store.write([status("failed", 30, wamid="wamid.lost", recipient=number, errors=errors)])
    page = operator.get("/conversations")
    found = operator.follow(operator.submit("/conversations", {"customer": "+91 98123-45678"}))
    for reported in ("Where is it?", "Look", "✓✓ read", "✕ failed", "131047 Re-engagement message"):
        assert reported in words(found)
    assert number not in str(found.url)
    assert links(page, "/conversations/")[0] == found.url.path
    assert "No messages with this customer" in words(
        operator.follow(operator.submit("/conversations", {"customer": "911111111111"}))
    )
    assert "Invalid phone number" in words(operator.follow(operator.submit("/conversations", {"customer": " "})))


def test_the_report_is_shown_and_downloaded(store: Store, operator: Visitor) -> None:
    store.write([status(word, n, wamid="wamid.1") for n, word in enumerate(("sent", "delivered", "read"))])
    store.write([status("failed", 3, wamid="wamid.2")])
    days = "since=2026-01-01&until=2026-01-03"
    page = operator.get(f"/report?{days}")
    assert "Delivered 1" in words(page)
    (billing,) = links(page, "/report/billing")
    operator.http.headers["hx-request"] = "true"
    assert words(operator.get(billing)) == "No billable conversations."
    del operator.http.headers["hx-request"]
    assert "Delivery report Billable conversations" in words(operator.get(billing))
    csv = operator.get(f"/report/days.csv?{days}")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert csv.headers["content-disposition"] == 'attachment; filename="sluice-days-2026-01-01-2026-01-03.csv"'
    assert len(csv.text.splitlines()) >= 2
    assert "days.csv downloaded" in words(operator.get("/audit"))


def test_the_csv_with_phone_numbers_requires_showing_them(store: Store, operator: Visitor) -> None:
    store.write([status("sent", wamid="wamid.1", recipient="919812345678")])
    days = "since=2026-01-01&until=2026-01-03"
    refused = operator.get(f"/report/deliveries.csv?{days}")
    assert "Choose “Show numbers” first" in words(operator.follow(refused))
    operator.get("/report")
    operator.submit("/numbers", {"show": "1"})
    assert "919812345678" in operator.get(f"/report/deliveries.csv?{days}").text
