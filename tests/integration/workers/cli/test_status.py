"""`sluice status`: what waits where."""

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.cli.fixtures import Sluice, bury
from tests.support.cli.terminal import on_a_terminal
from tests.support.programs import free_port, program, run
from workers.cli.status import format_age, format_span
from workers.lanes import Completed, DeadLettered, Lanes, LaneSpec, Rescheduled


def _prepared(lanes: Lanes) -> None:
    """intake: 3 wait, 2 are held. text.greet: 1 is done, 2 will be retried, 1 is dead. text.store: nothing."""
    lanes.push("intake", [b"%d" % number for number in range(5)])
    lanes.take("intake", "test", 2)
    lanes.push("text.greet", [b"a", b"b", b"c"])
    first, *others = lanes.take("text.greet", "test", 3)
    lanes.settle("text.greet", [(first.id, Completed()), *[(taken.id, Rescheduled(90.0, "busy")) for taken in others]])
    bury(lanes, "text.greet", b"d", DeadLettered("rejected", "no"))


def _status(sluice: Sluice, url: str) -> Any:
    result = sluice("status", "--json", redis_url=url)
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_as_json_everything_is_reported(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    _prepared(lanes)
    reported = _status(sluice, redis_url)

    assert reported["totals"] == {"waiting": 3, "in_flight": 2, "retries": 2, "dead": 1}
    intake, greet, store = reported["lanes"]
    assert (intake["lane"], intake["queue"], intake["waiting"], intake["in_flight"]) == ("intake", "messages", 3, 2)
    assert 0 <= intake["oldest_ms"] < 60_000
    assert (greet["lane"], greet["retries"], greet["dead"]) == ("text.greet", 2, 1)
    assert 60_000 < greet["next_retry_ms"] <= 90_000
    assert greet["counts"]["done"] == 1
    assert (store["lane"], store["waiting"], store["oldest_ms"], store["next_retry_ms"]) == (
        "text.store",
        0,
        None,
        None,
    )
    assert reported["redis"]["appendonly"] is True
    assert reported["redis"]["maxmemory_policy"] == "noeviction"
    assert reported["redis"]["used_memory"] > 0


def test_for_people_it_is_a_table_of_the_lanes_that_are_busy(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    _prepared(lanes)
    result = sluice("status", redis_url=redis_url)

    assert result.exit_code == 0
    heading, intake, greet, *rest = result.stdout.splitlines()
    assert heading.split() == ["lane", "waiting", "in", "flight", "oldest", "retries", "next", "retry", "dead", "done"]
    assert intake.split()[:3] == ["intake", "3", "2"]
    assert greet.split()[0] == "text.greet"
    assert greet.split()[-2:] == ["1", "1"]
    assert "text.store" not in result.stdout
    assert " ".join(rest).startswith("3 waiting, 2 in flight, 2 to be retried, 1 dead in 3 lanes. Redis: ")
    assert "appendonly on, noeviction." in result.stdout


def test_where_nothing_ever_was_there_is_no_table(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    assert sluice("status", redis_url=redis_url).stdout.startswith("0 waiting, 0 in flight, ")
    assert sluice("status", "--all", redis_url=redis_url).stdout.splitlines()[1].split()[0] == "intake"


@pytest.mark.parametrize(
    ("milliseconds", "shown"), [(None, ""), (-5, "0.0 s"), (59_900, "59.9 s"), (60_000, "1 m"), (11_000_000, "3 h")]
)
def test_an_age_is_exact_as_long_as_that_matters(milliseconds: int | None, shown: str) -> None:
    assert format_age(milliseconds) == shown


def _broken(lanes: Lanes, error: str = "ConnectionError: the CRM") -> None:
    """text.greet failed for everyone, and its breaker has been open for three minutes and a half."""
    lanes.push("text.greet", [b"%d" % number for number in range(20)])
    taken = lanes.take("text.greet", "test", 20)
    again = DeadLettered("exhausted", error, failed=True)
    assert lanes.settle("text.greet", [(entry.id, again) for entry in taken]).breaker.is_open
    lanes.client.pexpire("sluice:lane:text.greet:hold", 29_500)
    lanes.client.hincrby("sluice:lane:text.greet:breaker", "since", -210_000)


def test_a_lane_whose_handler_fails_for_everyone_is_reported_as_json(
    sluice: Sluice, lanes: Lanes, redis_url: str
) -> None:
    _broken(lanes)
    intake, greet, _ = _status(sluice, redis_url)["lanes"]

    assert intake["breaker"] is None
    assert greet["held"] is True
    assert greet["breaker"].keys() == {"since_ms", "open_s", "error", "tries", "next_try_s"}
    assert greet["breaker"]["since_ms"] == pytest.approx(lanes.client.time()[0] * 1000 - 210_000, abs=10_000)
    assert 210 <= greet["breaker"]["open_s"] < 239
    assert (greet["breaker"]["error"], greet["breaker"]["tries"]) == ("ConnectionError: the CRM", 0)
    assert 20 < greet["breaker"]["next_try_s"] <= 29.5


def test_and_shown_to_people(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    _broken(lanes)
    _, row, line, totals = sluice("status", redis_url=redis_url).stdout.splitlines()

    assert row.startswith("text.greet (breaker open) ")
    assert line.startswith("text.greet: breaker open for 3 m: ConnectionError: the CRM (next probe in 2")
    assert totals.startswith("0 waiting, 0 in flight, 20 to be retried, 0 dead")


def test_so_is_that_a_try_is_due_or_under_way(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    _broken(lanes)
    lanes.client.delete("sluice:lane:text.greet:hold")
    assert "the CRM (a probe is due)\n" in sluice("status", redis_url=redis_url).stdout
    lanes.push("text.greet", [b"new"])
    assert lanes.start_drain("text.greet", None, "test").probe
    assert "the CRM (a probe is running)\n" in sluice("status", redis_url=redis_url).stdout


def test_a_hostile_error_does_nothing(lanes: Lanes, redis_url: str, tmp_path: Path) -> None:
    _broken(lanes, "[red]\x1b[31m[/nothing]\nforged")
    shown = on_a_terminal(tmp_path, "status", SLUICE_REDIS_URL=redis_url)

    assert "breaker open for 3 m: [red]\\x1b[31m[/nothing]\\nforged" in shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 m"), (3599, "59 m"), (3600, "1 h"), (86_399, "23 h"), (200_000, "2 d")],
)
def test_how_long_is_reported_in_one_unit(seconds: float, shown: str) -> None:
    assert format_span(seconds) == shown


def test_all_shows_the_quiet_lanes_too(sluice: Sluice, lanes: Lanes, redis_url: str) -> None:
    assert "text.store" in sluice("status", "--all", redis_url=redis_url).stdout


def test_an_empty_redis_has_nothing_to_tell(sluice: Sluice, client: redis.Redis, redis_url: str) -> None:
    assert _status(sluice, redis_url)["lanes"] == []
    assert "0 waiting, 0 in flight, 0 to be retried, 0 dead in 0 lanes." in sluice("status", redis_url=redis_url).stdout


def test_markup_and_control_characters_in_a_name_are_shown_and_do_nothing(
    tmp_path: Path, client: redis.Redis, redis_url: str
) -> None:
    # A lane's name is a handler's name; Redis may be shared with others all the same.
    hostile = "text.[red]\x1b[31m[/nothing]\nforged"
    Lanes(client).register([LaneSpec(hostile, "messages", 10, 60_000)])
    shown = on_a_terminal(tmp_path, "status", "--all", SLUICE_REDIS_URL=redis_url)

    assert "text.[red]\\x1b[31m[/nothing]\\nforged" in shown


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["dead", "list"], ["dead", "show", "x/1-0"]])
def test_without_redis_it_is_one_line_and_unavailable(sluice: Sluice, arguments: list[str]) -> None:
    result = sluice(*arguments, redis_url=f"redis://:tell-nobody@127.0.0.1:{free_port()}/0")

    assert (result.exit_code, result.stdout) == (69, "")
    _assert_one_discreet_line(result.stderr)


def test_so_it_is_for_the_console_script(tmp_path: Path) -> None:
    address = f"redis://:tell-nobody@127.0.0.1:{free_port()}/0"
    ended = run([program("sluice"), "status"], tmp_path, SLUICE_REDIS_URL=address)

    assert (ended.returncode, ended.stdout) == (69, "")
    _assert_one_discreet_line(ended.stderr)


def _assert_one_discreet_line(text: str) -> None:
    [line] = text.splitlines()
    assert line.startswith("sluice: Redis does not answer: ")
    assert "tell-nobody" not in line


def test_a_redis_that_refuses_is_one_line_too(sluice: Sluice, redis_url: str) -> None:
    result = sluice("status", redis_url=redis_url.replace("//", "//:tell-nobody@"))

    assert result.exit_code == 69
    assert len(result.stderr.splitlines()) == 1
    assert "tell-nobody" not in result.stderr


def test_where_no_redis_is_known_that_is_a_wrong_setting(sluice: Sluice) -> None:
    result = sluice("status")

    assert result.exit_code == 78
    assert result.stderr.startswith("sluice: SLUICE_REDIS_URL is not set")
