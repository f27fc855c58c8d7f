"""`sluice events search` and `show`."""

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.cli.fixtures import Sluice, bury
from tests.support.programs import free_port
from tests.support.store.webhooks import ASHA, RAVI, delivery_events, message_event
from workers.lanes import DeadLettered, Lanes, LaneSpec
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, encode_entry
from workers.store import Store


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/events.db"
    store = Store(url)
    store.create()
    store.write([message_event("wamid.A", 10), *delivery_events("wamid.S", 20, way="sent delivered", customer=RAVI)])
    store.write(
        [message_event("wamid.B", 30, part={"body": "[bold]my\x1b[31m order[/bold]\n2026 forged"}, customer=RAVI)]
    )
    store.close()
    return url


def searched(sluice: Sluice, database: str, *options: str) -> list[str]:
    result = sluice("events", "search", "--json", *options, database_url=database)
    assert (result.exit_code, result.stderr) == (0, "")
    return [event["key"] for event in json.loads(result.stdout)]


def test_events_are_found_by_each_filter(sluice: Sluice, database: str) -> None:
    a, b = "m:text:wamid.A", "m:text:wamid.B"
    delivered, under_way = f"s:wamid.S:delivered:{RAVI}", f"s:wamid.S:sent:{RAVI}"
    for options, keys in (
        ([], [b, delivered, under_way, a]),
        (["--wamid", "wamid.S"], [delivered, under_way]),
        (["--customer", "+91 98000 00001"], [a]),
        (["--type", "text"], [b, a]),
        (["--type", "text", "--type", "sent"], [b, under_way, a]),
        (["--kind", "status"], [delivered, under_way]),
        (["--status", "delivered"], [delivered]),
        (["--status", "sent"], []),
        (["--text", "my"], [b]),
        (["--since", "2026-01-02T03:04:20"], [b, delivered, under_way]),
        (["--until", "2026-01-02 03:04:20"], [a]),
        (["--since", "15m"], []),
        (["--limit", "2"], [b, delivered]),
    ):
        assert (options, searched(sluice, database, *options)) == (options, keys)


def test_what_is_neither_a_time_nor_an_age_is_an_error_of_usage(sluice: Sluice, database: str) -> None:
    for given in ("yesterday", "2026-13-01", "99999999999d"):
        result = sluice("events", "search", "--since", given, database_url=database)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"invalid time '{given}' (use 2026-01-31, " in result.stderr


def test_a_search_goes_on_where_the_store_stopped_short(
    sluice: Sluice, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.store.read.bounded_scan.FIRST_BATCH", 1)
    monkeypatch.setattr("workers.store.read.bounded_scan.TIME_LIMIT_SECONDS", 0.0)
    assert searched(sluice, database, "--kind", "message") == ["m:text:wamid.B", "m:text:wamid.A"]


def test_the_table_masks_numbers_and_lets_no_text_do_anything(sluice: Sluice, database: str) -> None:
    shown = sluice("events", "search", database_url=database).stdout
    heading, *rows = shown.splitlines()
    assert heading.split() == ["event", "happened", "type", "customer", "status", "text"]
    assert len(rows) == 4
    assert "[bold]my\\x1b[31m order[/bold]\\n2026 forged" in rows[0]
    assert rows[1].split()[0] == "s:wamid.S:delivered:9198…002"
    assert (ASHA in shown, RAVI in shown) == (False, False)
    assert RAVI in sluice("events", "search", "--show-numbers", database_url=database).stdout


def test_nothing_found_says_what_to_look_at_next(sluice: Sluice, database: str) -> None:
    result = sluice("events", "search", "--customer", "1", database_url=database)
    assert (result.exit_code, "sluice status" in result.stdout) == (0, True)


@pytest.mark.parametrize("options", [["--type", "smoke"], ["--kind", "smoke"], ["--since", "yesterday"]])
def test_what_no_event_can_be_is_an_error_of_usage(sluice: Sluice, database: str, options: list[str]) -> None:
    assert sluice("events", "search", *options, database_url=database).exit_code == 2


def test_one_event_is_shown_with_all_that_is_known(
    sluice: Sluice, database: str, client: redis.Redis, redis_url: str
) -> None:
    lanes = Lanes(client)
    lanes.register([LaneSpec("text.greet", "messages", 10, 60_000)])
    entry = EventEntry(RawEvent("message", "text", "m:text:wamid.A", {"id": "wamid.A"}), "r", 0)
    bury(lanes, "text.greet", encode_entry(entry), DeadLettered("rejected", "no greeting today"))
    result = sluice("events", "show", "m:text:wamid.A", database_url=database, redis_url=redis_url)
    assert result.exit_code == 0
    assert "text of wamid.A" in result.stdout
    assert "dead letter (rejected)" in result.stdout
    assert "no greeting today" in result.stdout
    assert ASHA not in result.stdout
    whole: Any = json.loads(
        sluice("events", "show", "m:text:wamid.A", "--json", database_url=database, redis_url=redis_url).stdout
    )
    assert (whole["event"]["customer"], whole["message"]["text"]) == (ASHA, "text of wamid.A")
    assert whole["life"][-1]["bad"] is True


def test_a_masked_key_is_as_good_as_a_whole_one(sluice: Sluice, database: str) -> None:
    for key in (f"s:wamid.S:sent:{RAVI}", "s:wamid.S:sent:9198…002"):
        result = sluice("events", "show", key, "--show-numbers", database_url=database)
        assert result.exit_code == 0
        assert f"s:wamid.S:delivered:{RAVI}" in result.stdout


def test_without_redis_the_rows_are_shown_all_the_same(sluice: Sluice, database: str) -> None:
    nowhere = f"redis://:tell-nobody@127.0.0.1:{free_port()}/0"
    result = sluice("events", "show", "m:text:wamid.A", database_url=database, redis_url=nowhere)
    assert (result.exit_code, "Redis does not answer" in result.stdout) == (0, True)
    assert "tell-nobody" not in result.output


def test_what_cannot_be_shown_is_one_line(sluice: Sluice, database: str, tmp_path: Path) -> None:
    for key in ("m:text:nope", "s:wamid.S:sent:9…", "…"):
        result = sluice("events", "show", key, database_url=database)
        assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert sluice("events", "search", database_url="none").exit_code == 1
    missing = sluice("events", "search", database_url=f"sqlite:///{tmp_path}/no/such/folder.db")
    assert (missing.exit_code, len(missing.stderr.splitlines())) == (69, 1)
