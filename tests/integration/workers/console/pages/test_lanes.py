"""The pages of lanes, and pausing."""

import re

import redis

from tests.support.console.browsing import Visitor, words
from tests.support.console.fixtures import add_dead_letter, entry
from workers.console.context import ConsoleContext
from workers.lanes import Completed, Lanes, Rescheduled


def test_each_lane_shows_its_figures(lanes: Lanes, console: ConsoleContext, operator: Visitor) -> None:
    lanes.push("text.greet", [entry(), entry(), entry()])
    (taken,) = lanes.take("text.greet", "test", 1)
    lanes.settle("text.greet", [(taken.id, Rescheduled(3600, "ConnectionError: the <CRM>"))])
    lanes.take("text.greet", "test", 1)
    console.sampler.refresh()
    shown = words(operator.get("/lanes")).replace("1 h", "60 min")
    assert re.search(r"text\.greet working 1 1 \d\.\d s 0/s 0/s 1 60 min 0 Pause", shown)  # slow on a busy machine
    assert "text.store" not in words(operator.get("/lanes"))
    assert "text.store idle" in words(operator.get("/lanes?all=1"))


def test_one_lane_shows_its_next_retries(lanes: Lanes, console: ConsoleContext, operator: Visitor) -> None:
    delays = (30, 300, 310, 7200)
    lanes.push("text.greet", [entry(wamid=f"wamid.{delay}") for delay in delays])
    taken = lanes.take("text.greet", "test", 9)
    verdicts = [Rescheduled(delay, "ConnectionError: the <CRM>") for delay in delays]
    lanes.settle("text.greet", list(zip((held.id for held in taken), verdicts, strict=True)))
    console.sampler.refresh()
    page = operator.get("/lanes/text.greet")
    assert "Due: 1 within a minute, 2 within 10 minutes, 1 later." in words(page)
    assert "text 1 ConnectionError: the <CRM>" in words(page)
    assert "ConnectionError: the &lt;CRM&gt;" in page.text


def test_lanes_that_need_attention_come_first(lanes: Lanes, console: ConsoleContext, operator: Visitor) -> None:
    lanes.push("text.greet", [entry()])
    add_dead_letter(lanes, "text.store", entry())
    console.sampler.refresh()
    reported = words(operator.get("/lanes"))
    assert reported.index("text.store idle") < reported.index("text.greet working")


def test_pausing_and_resuming_a_lane_is_audited(
    lanes: Lanes, client: redis.Redis, console: ConsoleContext, operator: Visitor
) -> None:
    lanes.push("text.greet", [entry()])
    console.sampler.refresh()
    operator.get("/lanes")
    page = operator.follow(operator.submit("/lanes/text.greet/pause", {"next": "/lanes"}))
    assert "text.greet is paused: its events wait until you resume it." in words(page)
    assert "text.greet paused" in words(page)
    assert client.exists("sluice:lane:text.greet:paused")
    assert "text.greet is paused; 1 event waits." in words(operator.get("/"))
    page = operator.follow(operator.submit("/lanes/text.greet/resume", {"next": "/lanes"}))
    assert "text.greet is running again" in words(page)
    assert not client.exists("sluice:lane:text.greet:paused")
    audit = words(operator.get("/audit"))
    assert "paused text.greet" in audit
    assert "resumed text.greet" in audit


def test_an_unknown_lane_is_not_paused(
    lanes: Lanes, console: ConsoleContext, client: redis.Redis, operator: Visitor
) -> None:
    console.sampler.refresh()
    operator.get("/lanes")
    assert operator.submit("/lanes/no.such/pause").status_code == 404
    assert not client.exists("sluice:lane:no.such:paused")
    assert operator.get("/lanes/no.such").status_code == 404


def test_an_open_circuit_breaker_is_shown_with_its_error(
    lanes: Lanes, client: redis.Redis, console: ConsoleContext, operator: Visitor
) -> None:
    lanes.push("text.greet", [entry()])
    lanes.settle("text.greet", [(taken.id, Completed()) for taken in lanes.take("text.greet", "test", 1)])
    lanes.push("text.greet", [entry(str(n)) for n in range(30)])
    taken = lanes.take("text.greet", "test", 30)
    lanes.settle("text.greet", [(one.id, Rescheduled(1, "ConnectionError: <refused>", failed=True)) for one in taken])
    console.sampler.refresh()
    for path in ("/", "/lanes", "/lanes/text.greet"):
        page = words(operator.get(path))
        assert "fails for every event" in page
        assert "ConnectionError: <refused>" in page
