"""`sluice dead list` and `show`: dead letters as they are, whatever is written in them."""

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.cli.fixtures import Sluice, bury
from tests.support.cli.terminal import on_a_terminal
from tests.support.waiting import until
from workers.lanes import DeadLettered, Lanes
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, encode_entry

_TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no'
#: What a customer may put into a profile name, and so into an error: markup, colours, a terminal's commands, lines.
_HOSTILE = "name [bold red]x[/] [/nothing] \x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \rback\nwhy       forged"
_SHOWN = "name [bold red]x[/] [/nothing] \\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\x9b2J \\rback"


def _json(sluice: Sluice, url: str, *arguments: str) -> Any:
    result = sluice("dead", *arguments, "--json", redis_url=url)
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def _milliseconds(client: redis.Redis) -> int:
    now: Any = client.time()
    return int(now[0]) * 1000 + int(now[1]) // 1000


def test_letters_are_listed_the_latest_first(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    first = bury(lanes, "text.greet", b"{}", DeadLettered("rejected", "not wanted", _TRACE))
    until(lambda: _milliseconds(lanes.client) > int(first.split("/")[1].split("-")[0]))
    second = bury(lanes, "intake", b"\x01\xff", DeadLettered("undecodable", "no JSON"))
    listed = _json(sluice, redis_url, "list")

    assert [letter["letter"] for letter in listed] == [second, first]
    assert listed[1].pop("died_at").endswith("+00:00")
    assert listed[1] == {
        "letter": first,
        "lane": "text.greet",
        "why": "rejected",
        "error": "not wanted",
        "attempts": 1,
        "deaths": 0,
    }


def test_for_people_the_list_is_a_table(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    letter = bury(lanes, "text.greet", b"{}", DeadLettered("rejected", "not wanted"))
    heading, row = sluice("dead", "list", redis_url=redis_url).stdout.splitlines()

    assert heading.split() == ["letter", "died", "why", "attempts", "error"]
    assert row.split()[0] == letter
    assert row.split()[2:] == ["rejected", "1", "not", "wanted"]


def test_in_the_list_phone_numbers_are_masked(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    bury(lanes, "text.greet", b"{}", DeadLettered("exhausted", "ValueError: cannot greet 919812345678"))

    assert "cannot greet 9198…678" in sluice("dead", "list", redis_url=redis_url).stdout
    assert _json(sluice, redis_url, "list")[0]["error"] == "ValueError: cannot greet 919812345678"


def test_the_name_of_a_letter_is_whole_however_narrow_the_terminal(
    sluice: Sluice, lanes: Lanes, redis_url: str, tmp_path: Path
) -> None:
    # It is what `sluice dead show` is given.
    letter = bury(lanes, "text.greet", b"{}", DeadLettered("exhausted", "word " * 60))

    assert letter in sluice("dead", "list", redis_url=redis_url).stdout
    assert letter in on_a_terminal(tmp_path, "dead", "list", columns=60, SLUICE_REDIS_URL=redis_url)


def test_a_list_may_be_of_one_lane_and_short(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    greeted = [bury(lanes, "text.greet", b"{}", DeadLettered("rejected", str(number))) for number in range(3)]
    stored = bury(lanes, "text.store", b"{}", DeadLettered("rejected", "x"))

    assert [each["letter"] for each in _json(sluice, redis_url, "list", "--lane", "text.store")] == [stored]
    assert {each["letter"] for each in _json(sluice, redis_url, "list", "--limit", "1")} == {stored, greeted[-1]}
    assert _json(sluice, redis_url, "list", "--lane", "nothing") == []


def test_a_list_may_be_of_a_type_a_reason_an_error_an_age_and_of_letters_by_name(
    sluice: Sluice, lanes: Lanes, redis_url: str
) -> None:
    text = encode_entry(EventEntry(RawEvent("message", "text", "m:text:1", {"id": "1"}), "r", 1_700_000_000_000))
    rejected = bury(lanes, "text.greet", text, DeadLettered("rejected", "STOP means stop"))
    failed = bury(lanes, "text.greet", b"{}", DeadLettered("exhausted", "ConnectionError: the CRM"))
    old: Any = {"d": b"{}", "why": "poison", "e": "died", "at": _milliseconds(lanes.client) - 7_200_000}
    lanes.client.xadd("sluice:lane:text.store:dead", old, id="1-1")

    def listed(*filters: str) -> list[str]:
        return sorted(each["letter"] for each in _json(sluice, redis_url, "list", *filters))

    assert listed("--type", "text") == [rejected]
    assert listed("--why", "exhausted") == [failed]
    assert listed("--error", "stop MEANS") == [rejected]
    assert listed("--older", "1h") == ["text.store/1-1"]
    assert listed("--newer", "1h") == listed("--lane", "text.greet") == sorted([rejected, failed])
    assert listed(failed, "text.store/1-1") == sorted([failed, "text.store/1-1"])
    assert listed("--why", "exhausted", "--lane", "text.store") == []
    assert len(listed("--all")) == len(listed()) == 3


def test_a_limit_counts_only_what_is_meant(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    meant = [bury(lanes, "text.greet", b"{}", DeadLettered("rejected", "no")) for _ in range(3)]
    lanes.push("text.greet", [b"{}"] * 600)  # more than one page of the stream
    taken = lanes.take("text.greet", "test", 600)
    lanes.settle("text.greet", [(each.id, DeadLettered("exhausted", "boom")) for each in taken])

    listed = _json(sluice, redis_url, "list", "--why", "rejected", "--limit", "2")
    assert [each["letter"] for each in listed] == meant[:0:-1]


def test_where_there_is_none_that_is_said(sluice: Sluice, client: redis.Redis, redis_url: str) -> None:
    result = sluice("dead", "list", redis_url=redis_url)
    assert (result.exit_code, result.stdout) == (0, "No dead letters.\n")
    assert _json(sluice, redis_url, "list") == []


def test_one_is_shown_whole(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    letter = bury(lanes, "text.greet", b'{"b":{"id":"1"}}', DeadLettered("rejected", "not wanted", _TRACE))
    shown = _json(sluice, redis_url, "show", letter)
    assert (shown["letter"], shown["error"], shown["traceback"]) == (letter, "not wanted", _TRACE)
    assert shown["entry"] == '{"b":{"id":"1"}}'

    text = sluice("dead", "show", letter, redis_url=redis_url).stdout
    names = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    assert names == ["letter", "lane", "why", "error", "attempts", "deaths", "died_at", "traceback", "entry"]
    assert "ValueError: no" in text
    assert 'entry     {"b":{"id":"1"}}' in text


def test_an_entry_that_is_no_text_is_shown_all_the_same(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    letter = bury(lanes, "intake", b"\x01\x00\xff\xfe{}", DeadLettered("undecodable", "no JSON"))

    assert _json(sluice, redis_url, "show", letter)["entry"] == "\x01\x00\\xff\\xfe{}"
    assert "entry     \\x01\\x00\\xff\\xfe{}" in sluice("dead", "show", letter, redis_url=redis_url).stdout


@pytest.mark.parametrize("which", ["text.greet/1-1", "text.greet/x", "text.greet/", "/1-1", "1-1", "nothing/1-1", ""])
def test_one_that_is_not_there_is_an_error(sluice: Sluice, lanes: Lanes, redis_url: str, which: str) -> None:
    result = sluice("dead", "show", which, redis_url=redis_url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"sluice: there is no dead letter {which}; `sluice dead list` lists them\n"


def _assert_harmless(shown: str) -> None:
    assert "\x1b[31m" not in shown
    assert "\x1b]0;" not in shown
    assert not {"\x07", "\x9b", "\r"} & set(shown)
    assert not any(line.startswith("why       forged") for line in shown.splitlines())


def test_hostile_text_is_listed_and_does_nothing(lanes: Lanes, redis_url: str, tmp_path: Path) -> None:
    bury(lanes, "text.greet", b"{}", DeadLettered(_HOSTILE, _HOSTILE))
    shown = on_a_terminal(tmp_path, "dead", "list", columns=500, SLUICE_REDIS_URL=redis_url)

    _assert_harmless(shown)
    assert shown.count(_SHOWN + "\\nwhy       forged") == 2
    assert len(shown.splitlines()) == 2


def test_hostile_text_is_shown_and_does_nothing(lanes: Lanes, redis_url: str, tmp_path: Path) -> None:
    letter = bury(lanes, "text.greet", _HOSTILE.encode(), DeadLettered("rejected", _HOSTILE, _HOSTILE))
    shown = on_a_terminal(tmp_path, "dead", "show", letter, SLUICE_REDIS_URL=redis_url)

    _assert_harmless(shown)
    assert shown.count(_SHOWN + "\n          why       forged") == 3


def test_so_it_is_where_no_terminal_is(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    letter = bury(lanes, "text.greet", b"{}", DeadLettered("rejected", _HOSTILE))

    _assert_harmless(sluice("dead", "list", redis_url=redis_url).stdout)
    _assert_harmless(sluice("dead", "show", letter, redis_url=redis_url).stdout)
    assert _json(sluice, redis_url, "show", letter)["error"] == _HOSTILE
