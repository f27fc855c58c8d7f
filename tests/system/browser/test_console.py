"""An operator's path through the console, in a real browser."""

import re
import threading

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import running, story
from tests.support.browser.running import Running
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(240)


def figure(page: Page, heading: str) -> float:
    """Return the large figure of a card."""
    text = page.locator("section.card", has=page.get_by_role("heading", name=heading)).locator(".n").inner_text()
    return float(re.sub(r"[^\d.]", "", text) or 0)


def open_conversation(page: Page, number: str) -> None:
    """Open a conversation with the form."""
    page.get_by_label("Customer").fill(number)
    page.get_by_role("button", name="Open").click()


def test_a_wrong_password_is_refused_and_the_right_one_signs_in(found: Running, chromium: Browser) -> None:
    page = running.page(chromium)
    page.goto(f"{found.console}/dead")
    expect(page).to_have_title("Sign in · Sluice")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong password.")
    page.get_by_label("Password").fill(running.PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Dead letters · Sluice")
    page.context.close()


def test_figures_update_while_webhooks_arrive(found: Running, operator: Page) -> None:
    expect(operator.locator("[data-fresh]")).to_have_text("live")
    sender = threading.Thread(target=story.post_simulated, args=(found.stack.url, 400, 3))
    sender.start()
    try:
        until(lambda: _wait_briefly(operator) and figure(operator, "Webhooks received") > 0, within=30, every=0.2)
        until(lambda: _wait_briefly(operator) and figure(operator, "Events handled") > 0, within=30, every=0.2)
    finally:
        sender.join()
    expect(operator.get_by_role("table").filter(has_text="200")).to_be_visible(timeout=20_000)


def _wait_briefly(page: Page) -> bool:
    page.wait_for_timeout(50)  # Playwright receives no events while Python sleeps
    return True


def test_figures_that_stop_updating_are_marked_as_stale(found: Running, operator: Page) -> None:
    expect(operator.locator("[data-fresh]")).to_have_text("live")
    operator.evaluate("htmx.remove(htmx.find('#live'))")
    expect(operator.locator("[data-fresh]")).to_have_text(re.compile(r"no update for \d+ s"), timeout=20_000)


def test_a_dead_letter_is_opened_and_replayed(found: Running, operator: Page) -> None:
    operator.get_by_role("link", name="Dead letters").first.click()
    row = operator.locator("table.letters tbody tr", has_text="location.nearest_shop").first
    name = row.get_by_role("checkbox").get_attribute("value")
    row.get_by_role("link").first.click()
    expect(operator.get_by_role("heading", level=1)).to_contain_text("location in location.nearest_shop")
    expect(operator.get_by_label("Traceback")).to_contain_text("no shop near")
    expect(operator.get_by_label("Payload")).to_contain_text('"latitude"')
    operator.get_by_role("button", name="Replay").click()
    expect(operator.get_by_role("status").first).to_contain_text("1 dead letter replayed. Total before:")
    assert operator.locator(f'input[value="{name}"]').count() == 0


def test_a_selected_dead_letter_is_discarded_and_restored(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/dead?lane=text.answer&why=rejected")
    operator.get_by_label("Select all shown").check()
    expect(operator.locator("[data-selected]")).to_have_text("(1)")
    operator.get_by_role("button", name="Discard").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("Discard 1 dead letter?")
    operator.get_by_role("button", name="Discard 1").click()
    expect(operator.get_by_text("No matching dead letters")).to_be_visible()
    operator.get_by_role("button", name="Undo").click()
    expect(operator.locator("table.letters tbody tr")).to_have_count(1)


def test_a_conversation_is_opened_and_its_numbers_shown(found: Running, operator: Page) -> None:
    operator.get_by_role("link", name="Conversations").click()
    open_conversation(operator, "+91 98123 45678")
    expect(operator.get_by_role("heading", level=1)).to_have_text("Asha Rao")
    chat = operator.locator(".chat")
    for reported in ("My parcel is <b>late</b> again", "Wet through", "18.5308, 73.8475", "Sunita Rao", "your message"):
        expect(chat).to_contain_text(reported)
    for ticks in ("✓✓ read", "✓✓ delivered", "✕ failed", "131047 Re-engagement message"):
        expect(chat).to_contain_text(ticks)
    expect(chat).not_to_contain_text("98123 45678")
    operator.get_by_role("button", name="Show numbers").click()
    expect(operator.locator(".chat")).to_contain_text("Call me at +91 98123 45678")
    operator.locator(".chat .meta a").first.click()
    expect(operator.get_by_text("History")).to_be_visible()


def test_a_lane_is_paused_and_resumed_by_keyboard(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/lanes")
    operator.get_by_role("button", name="Pause text.answer").focus()
    operator.wait_for_timeout(4500)  # two updates: the focused button keeps the focus
    expect(operator.get_by_role("button", name="Pause text.answer")).to_be_focused()
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("status").first).to_contain_text("text.answer is paused")
    operator.get_by_role("button", name="Resume text.answer").press("Enter")
    expect(operator.get_by_role("status").first).to_contain_text("text.answer is running again")


def test_the_first_tab_stop_skips_the_header(found: Running, operator: Page) -> None:
    operator.keyboard.press("Tab")
    expect(operator.get_by_role("link", name="Skip to content")).to_be_focused()
    operator.keyboard.press("Enter")
    expect(operator.locator("main")).to_be_focused()


def test_hostile_names_and_texts_are_escaped(found: Running, operator: Page) -> None:
    operator.goto(f"{found.console}/conversations")
    open_conversation(operator, story.EVIL)
    expect(operator.get_by_role("heading", level=1)).to_contain_text(
        "<script>document.title='owned'</script></textarea>"
    )
    expect(operator.locator(".chat")).to_contain_text("onerror=")
    assert operator.locator("main img, main script").count() == 0
    operator.goto(f"{found.console}/dead?why=rejected")
    expect(operator.locator("table.letters")).to_contain_text("<script>document.title='owned'</script>")
    assert "owned" not in operator.title()


def test_signing_out_requires_signing_in_again(found: Running, operator: Page) -> None:
    operator.get_by_role("button", name="Sign out").click()
    expect(operator).to_have_title("Sign in · Sluice")
    operator.goto(f"{found.console}/dead")
    expect(operator).to_have_title("Sign in · Sluice")
