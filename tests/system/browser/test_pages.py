"""The other pages in a real browser: live updates, searches and actions."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import story
from tests.support.browser.running import Running
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(240)


def badge(page: Page) -> int:
    """Return the number next to the link to the dead letters."""
    return int(re.sub(r"\D", "", page.locator("#dead-count").inner_text()) or 0)


def send_rejected_message(url: str, number: int) -> None:
    """Send a message that its handler rejects."""
    story.message(url, f"91980000010{number}", "Mira", 1_767_250_000, text={"body": "STOP"}, id=f"wamid.STOP{number}")


def test_the_dead_letter_badge_updates_on_an_open_page(found: Running, operator: Page) -> None:
    expect(operator.locator("#dead-count .badge")).to_be_visible()
    before = badge(operator)
    send_rejected_message(found.stack.url, 1)
    expect(operator.locator("#dead-count")).to_have_text(str(before + 1), timeout=20_000)
    expect(operator.locator("#verdict")).to_contain_text("new dead letter")


def test_a_lane_page_is_live_and_shows_pausing_immediately(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/lanes/location.store")
    done = operator.locator(".tiles > div", has_text="Done").locator(".sub")
    before = done.inner_text()
    place = {"latitude": 18.5, "longitude": 73.8}
    story.message(found.stack.url, story.RAVI, "Ravi", 1_767_250_000, type="location", location=place, id="wamid.PLACE")
    expect(done).not_to_have_text(before, timeout=20_000)
    operator.get_by_role("button", name="Pause").click()
    expect(operator.locator(".page-head .pill")).to_have_text("paused")
    operator.get_by_role("button", name="Resume").click()
    expect(operator.locator(".page-head .pill")).not_to_have_text("paused")


def test_scheduled_retries_show_their_errors(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/lanes/image.describe")
    expect(operator.get_by_text("Due:")).to_be_visible()
    expect(operator.get_by_role("table")).to_contain_text("TimeoutError: the vision API did not answer within 30 s")


def test_all_dead_letters_of_one_error_are_discarded(found: Running, operator: Page) -> None:
    send_rejected_message(found.stack.url, 2)
    send_rejected_message(found.stack.url, 3)
    operator.goto(f"{found.console}/dead?why=rejected")
    operator.get_by_role("link", name="Mira wants no answer").click()
    expect(operator.get_by_text("Error:")).to_be_visible()
    operator.get_by_label("all matching").check()
    operator.get_by_role("button", name="Discard").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text(re.compile(r"Discard \d+ dead letters?\?"))
    expect(operator.get_by_text(re.compile(r"dead letters?\. \d+ will remain"))).to_be_visible()
    operator.get_by_role("button", name=re.compile(r"Discard \d+")).click()
    expect(operator.get_by_role("status").first).to_contain_text("discarded. Total before:")
    expect(operator.get_by_text("No matching dead letters")).to_be_visible()


def test_a_customers_events_are_searched_and_opened(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/events")
    operator.get_by_label("Customer").fill("+91 98123 45678")
    operator.get_by_label("Type").select_option("all messages")
    operator.get_by_role("button", name="Search").click()
    expect(operator.get_by_text("9198…678", exact=False).first).to_be_visible()
    assert "98123" not in operator.url
    operator.get_by_label("Text contains").fill("where is my")
    operator.get_by_role("button", name="Search").click()
    expect(operator.locator("tbody tr")).to_have_count(1)
    operator.locator("tbody a").first.click()
    life = operator.locator(".timeline")
    for reported in ("received", "classified", "stored", "attempt 1 of text.answer failed", "dead letter (exhausted)"):
        expect(life).to_contain_text(reported)
    life.get_by_role("link").first.click()
    expect(operator.get_by_label("Traceback")).to_contain_text("LookupError")
    expect(operator.locator(".timeline")).to_contain_text("attempt 2 of text.answer failed, and was the last")


def test_older_and_newest_events_are_linked(found: Running, operator: Page) -> None:
    story.post_simulated(found.stack.url, 120, 11)
    until(lambda: _has_older(operator, f"{found.console}/events"), within=30, every=0.2)
    expect(operator.locator("tbody tr")).to_have_count(50)
    newest = operator.locator("tbody a").first.get_attribute("href")
    operator.get_by_role("link", name="Older").click()
    expect(operator.get_by_role("link", name="Newest")).to_be_visible()
    assert operator.locator(f'tbody a[href="{newest}"]').count() == 0
    operator.get_by_role("link", name="Newest").click()
    expect(operator.locator("tbody tr")).to_have_count(50)


def _has_older(page: Page, url: str) -> bool:
    """Return whether enough events are stored for a second page."""
    page.goto(url)
    return page.get_by_role("link", name="Older").count() == 1


def test_the_report_is_shown_and_its_csv_downloaded(found: Running, operator: Page, tmp_path: Path) -> None:
    operator.get_by_role("link", name="Delivery report").click()
    billed = operator.locator("section", has=operator.get_by_role("heading", name="Billable conversations"))
    expect(billed.get_by_role("row", name=re.compile("marketing"))).to_be_visible()  # it is loaded after the page
    with operator.expect_download() as download:
        operator.get_by_role("link", name="CSV by day").click()
    download.value.save_as(tmp_path / "days.csv")
    heading, *lines = (tmp_path / "days.csv").read_text().splitlines()
    assert heading == "day,category,billable,sent,delivered,read,failed"
    assert lines
    operator.get_by_role("link", name="CSV by message").click()
    expect(operator.get_by_role("status").first).to_contain_text("Choose “Show numbers” first")


def test_actions_appear_in_the_audit_log(found: Running, operator: Page) -> None:
    operator.get_by_role("button", name="Show numbers").click()
    operator.get_by_role("button", name="Mask numbers").click()
    operator.get_by_role("link", name="Audit").click()
    rows = operator.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("numbers masked")
    expect(rows.nth(1)).to_contain_text("numbers shown")
    expect(rows.nth(2)).to_contain_text("signed in")
