"""The pages of dead letters: search, details, replay, discard and restore."""

import json
import re
from datetime import datetime, timedelta

import pytest
import redis

from tests.support.console.browsing import Visitor, links, words
from tests.support.console.fixtures import add_dead_letter, entry
from workers.lanes import DeadLettered, Lanes
from workers.lanes.status import lane_statuses
from workers.operations.dead_letters import actions
from workers.operations.dead_letters.filter import error_group

_TICK = re.compile(r'name="letter" value="([^"]+)"')


def count_dead(client: redis.Redis) -> int:
    return sum(lane.dead for lane in lane_statuses(client))


def listed(visitor: Visitor, path: str) -> list[str]:
    page = visitor.get(path)
    return _TICK.findall((visitor.follow(page) if page.status_code == 303 else page).text)


def test_dead_letters_are_listed_newest_first_and_grouped_by_error(lanes: Lanes, operator: Visitor) -> None:
    for number in range(3):
        add_dead_letter(lanes, "text.greet", entry(), f"KeyError: order {number} of 'Asha'")
    add_dead_letter(lanes, "text.store", entry(), "OSError: disk")
    page = operator.get("/dead")
    died = [int(letter.rpartition("/")[2].partition("-")[0]) for letter in _TICK.findall(page.text)]
    assert len(died) == 4
    assert died == sorted(died, reverse=True)
    assert "3 KeyError: order # of '…' text.greet exhausted" in words(page)
    (group, _) = (link for link in links(page, "/dead?") if "group=" in link)
    assert len(listed(operator, group)) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lane=text.store", {"c"}),
        ("type=text", {"a", "b", "c"}),
        ("type=image", set()),
        ("why=rejected", {"b"}),
        ("error=crm", {"a"}),
        ("customer=%2B91+98765+00000", {"b"}),
        ("within=1h", {"a", "b", "c"}),
        ("within=1h&lane=text.greet&why=exhausted", {"a"}),
        ("since=2020-01-01T00:00", {"a", "b", "c"}),
        ("since=2020-01-01T00:00&until=2020-01-01T23:59", set()),
        ("until=2099-01-01&lane=text.store", {"c"}),
    ],
)
def test_dead_letters_are_filtered(lanes: Lanes, operator: Visitor, query: str, found: set[str]) -> None:
    made = {
        add_dead_letter(lanes, "text.greet", entry(), "ConnectionError: the CRM"): "a",
        add_dead_letter(lanes, "text.greet", entry(customer="919876500000"), "no", why="rejected"): "b",
        add_dead_letter(lanes, "text.store", entry(), "OSError: disk"): "c",
    }
    assert {made[letter] for letter in listed(operator, f"/dead?{query}")} == found


def test_a_dead_letter_shows_its_error_traceback_and_payload(lanes: Lanes, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, "text.greet", entry("a </pre><script>"), "ValueError: a\x1b[31mred\u202etxt")
    page = operator.get(f"/dead/{letter}")
    assert "ValueError: a\\x1b[31mred\\u202etxt" in words(page)
    assert "exhausted after 1 attempt" in words(page)
    assert "File x" in page.text
    assert "a &lt;/pre&gt;&lt;script&gt;" in page.text


def test_an_unclassified_webhook_is_shown_unchanged(lanes: Lanes, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, "intake", b"\x00\xff not a receipt", "InvalidReceipt", why="undecodable")
    assert "\\x00\\xff not a receipt" in words(operator.get(f"/dead/{letter}"))


def test_a_replayed_dead_letter_is_in_its_lane_again_and_audited(lanes: Lanes, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, "text.greet", entry("one"))
    add_dead_letter(lanes, "text.greet", entry("two"))
    operator.get(f"/dead/{letter}")
    page = operator.follow(operator.submit("/dead/act", {"letter": letter, "action": "replay", "next": "/dead"}))
    assert "1 dead letter replayed. Total before: 2, now: 1." in words(page)
    assert listed(operator, "/dead")
    assert letter not in listed(operator, "/dead")
    (taken,) = lanes.take("text.greet", "test", 10)
    assert json.loads(taken.data)["b"]["text"]["body"] == "one"
    assert f"dead letters replayed 1 {letter}" in words(operator.get("/audit"))


def test_a_discarded_dead_letter_can_be_restored_once(lanes: Lanes, client: redis.Redis, operator: Visitor) -> None:
    letter = add_dead_letter(lanes, "text.greet", entry("keep me"), "E: why", why="rejected")
    operator.get("/dead")
    page = operator.follow(operator.submit("/dead/act", {"letter": letter, "action": "discard", "next": "/dead"}))
    assert "1 dead letter discarded. Total before: 1, now: 0." in words(page)
    assert count_dead(client) == 0
    undo = re.search(r'name="undo" value="([0-9a-f]+)"', page.text)
    assert undo is not None
    ttl = client.ttl(f"sluice:console:discarded:{undo[1]}")
    assert isinstance(ttl, int)
    assert actions.UNDO_TTL - 60 < ttl <= actions.UNDO_TTL
    for said in ("1 dead letter restored", "Too late"):
        assert said in words(operator.follow(operator.submit("/dead/restore", {"undo": undo[1], "next": "/dead"})))
    (again,) = listed(operator, "/dead")
    page = operator.get(f"/dead/{again}")
    assert "E: why" in words(page)
    assert "rejected after 1 attempt" in words(page)
    assert client.hmget("sluice:lane:text.greet:counts", "discarded", "restored") == [
        b"1",
        b"1",
    ]  # counters never decrease
    assert "0 discarded" in words(operator.get("/lanes/text.greet"))


def test_a_selection_is_confirmed_first_and_reported_after(
    lanes: Lanes, client: redis.Redis, operator: Visitor
) -> None:
    letters = [add_dead_letter(lanes, lane, entry()) for lane in ("text.greet", "text.store", "text.greet")]
    operator.get("/dead")
    asked = operator.submit("/dead/confirm", {"letter": letters[:2], "action": "replay", "scope": "chosen"})
    assert "Replay 2 dead letters? Total: 3 dead letters. 1 will remain." in words(asked)
    assert count_dead(client) == 3  # nothing has happened yet
    done = operator.follow(operator.submit("/dead/act", {"letter": letters[:2], "action": "replay", "scope": "chosen"}))
    assert "2 dead letters replayed. Total before: 3, now: 1." in words(done)


def test_all_matching_means_those_that_existed_at_the_confirmation(
    lanes: Lanes, client: redis.Redis, operator: Visitor
) -> None:
    for number in range(450):  # more than one script call handles
        lanes.push("text.greet", [entry(wamid=f"wamid.{number}")])
    taken = lanes.take("text.greet", "test", 500)
    lanes.settle("text.greet", [(found.id, DeadLettered("exhausted", "E: one")) for found in taken])
    other = add_dead_letter(lanes, "text.greet", entry(), "E: two")
    operator.get("/dead")
    asked = operator.submit("/dead/confirm", {"action": "discard", "scope": "all", "error": "one", "next": "/dead"})
    assert "Discard 450 dead letters?" in words(asked)
    late = add_dead_letter(lanes, "text.greet", entry(), "E: one")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    done = operator.follow(operator.post("/dead/act", fields))
    assert "450 dead letters discarded. Total before: 452, now: 2." in words(done)
    assert set(listed(operator, "/dead")) == {other, late}


def test_all_dead_letters_of_a_lane_are_counted_and_others_kept(lanes: Lanes, operator: Visitor) -> None:
    for lane in ("text.greet", "text.greet", "text.store"):
        add_dead_letter(lanes, lane, entry())
    operator.get("/dead")
    asked = operator.submit("/dead/confirm", {"action": "discard", "scope": "all", "lane": "text.greet"})
    assert "Discard 2 dead letters? Total: 3 dead letters. 1 will remain." in words(asked)
    asked = operator.submit("/dead/confirm", {"action": "discard", "scope": "all"})
    assert "Discard 3 dead letters? Total: 3 dead letters. None will remain." in words(asked)


def test_very_many_are_not_all_counted_but_all_processed(
    lanes: Lanes, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.operations.dead_letters.search.MAX_COUNTED", 2)
    for _ in range(3):
        add_dead_letter(lanes, "text.greet", entry(), "E: one")
    operator.get("/dead")
    asked = operator.submit("/dead/confirm", {"action": "discard", "scope": "all", "error": "one"})
    assert "Discard at least 2 dead letters?" in words(asked)
    done = operator.follow(operator.submit("/dead/act", {"action": "discard", "scope": "all", "error": "one"}))
    assert "3 dead letters discarded. Total before: 3, now: 0." in words(done)


def test_the_last_hour_is_the_hour_before_the_confirmation(lanes: Lanes, operator: Visitor) -> None:
    add_dead_letter(lanes, "text.greet", entry())
    operator.get("/dead")
    asked = operator.submit("/dead/confirm", {"action": "replay", "scope": "all", "within": "1h"})
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    since, until = (datetime.fromisoformat(fields[name]) for name in ("since", "until"))
    assert timedelta(0) <= until - since - timedelta(hours=1) < timedelta(seconds=5)
    assert "within" not in fields


def test_an_invalid_time_does_not_select_everything(lanes: Lanes, client: redis.Redis, operator: Visitor) -> None:
    add_dead_letter(lanes, "text.greet", entry())
    assert "Invalid time yesterday" in words(operator.get("/dead?since=yesterday"))
    for path in ("/dead/confirm", "/dead/act"):
        answer = operator.submit(path, {"action": "discard", "scope": "all", "since": "yesterday"})
        assert answer.status_code == 400
    assert count_dead(client) == 1


def test_replaying_all_keeps_their_order(lanes: Lanes, operator: Visitor) -> None:
    for number in range(5):
        add_dead_letter(lanes, "text.greet", entry(str(number)))
    operator.get("/dead")
    operator.submit("/dead/act", {"action": "replay", "scope": "all"})
    bodies = [json.loads(taken.data)["b"]["text"]["body"] for taken in lanes.take("text.greet", "test", 10)]
    assert bodies == ["0", "1", "2", "3", "4"]


def test_an_empty_selection_changes_nothing(lanes: Lanes, client: redis.Redis, operator: Visitor) -> None:
    add_dead_letter(lanes, "text.greet", entry())
    operator.get("/dead")
    page = operator.follow(operator.submit("/dead/confirm", {"action": "discard", "scope": "chosen", "next": "/dead"}))
    assert "Nothing is selected" in words(page)
    assert operator.submit("/dead/act", {"action": "discard"}).status_code == 400
    assert operator.submit("/dead/act", {"action": "burn", "scope": "all"}).status_code == 400
    assert count_dead(client) == 1


def test_a_dead_letter_that_no_longer_exists_is_a_404(lanes: Lanes, operator: Visitor) -> None:
    for path in ("/dead/text.greet/1-1", "/dead/text.greet/no-id"):
        page = operator.get(path)
        assert page.status_code == 404
        assert "This dead letter no longer exists" in words(page)


def test_a_search_is_bounded_and_says_so(lanes: Lanes, operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.operations.dead_letters.search.MAX_SCANNED", 3)
    for _ in range(4):
        add_dead_letter(lanes, "text.greet", entry())
    assert "3 dead letters among the newest" in words(operator.get("/dead"))


@pytest.mark.parametrize(
    ("error", "group"),
    [
        ("KeyError: 'a'", "KeyError: '…'"),
        ("order 12 of 34\nsecond line", "order # of #"),
        ("", ""),
        ("x" * 500, "x" * 160),
    ],
)
def test_errors_are_grouped_without_numbers_and_quotes(error: str, group: str) -> None:
    assert error_group(error) == group
