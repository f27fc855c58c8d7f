"""Mutated webhooks in small numbers; `python -m tests.programs.hostile --bodies 1000000` sends more of the same."""

from collections import Counter
from itertools import pairwise

import orjson
import pytest

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from tests.programs.hostile import run as running
from tests.programs.hostile.__main__ import text
from tests.programs.hostile.bodies import SHAPES
from tests.programs.hostile.connection import CLOSED, SILENT
from tests.programs.hostile.reader import Found
from tests.programs.hostile.requests import TOKEN, Attempt, attempt
from tests.support.examples import examples
from workers.devtools import samples

_REQUESTS = examples(20_000, short=1_500)


@pytest.mark.examples
def test_no_mutated_webhook_harms_the_ingress_or_is_lost() -> None:
    report = running.run(_REQUESTS, seed=3)

    assert report.wrong == [], text(report)
    assert report.sent == _REQUESTS
    assert report.found.classified == report.accepted > _REQUESTS // 4
    assert report.found.events >= report.accepted
    assert sum(report.outcomes.values()) == _REQUESTS + running.WARM_UP


def test_the_same_seed_makes_the_same_requests() -> None:
    assert [attempt(5, number) for number in range(200)] == [attempt(5, number) for number in range(200)]
    assert all(one != other for one, other in pairwise(attempt(5, number).raw for number in range(50)))
    assert attempt(5, 1) != attempt(6, 1)


def test_the_mutations_are_of_every_kind() -> None:
    made = [attempt(1, number) for number in range(4000)]
    kinds = Counter(each.kind for each in made)
    assert kinds["body"] > 3400
    assert min(kinds["head"], kinds["broken"]) > 80
    assert len(SHAPES) > 35
    assert set(map(samples.load, samples.names())) <= set(SHAPES)

    values = Counter(_reads(each.body) for each in made)
    assert min(values["orjson"], values["tolerant"], values["deep"], values["refused"]) > 50, values
    assert any(b"\0" in each.body for each in made)
    assert any(len(each.body) > 100_000 for each in made)


def _reads(body: bytes) -> str:
    try:
        lenient_json.validate(body)
    except InvalidJSON as error:
        return "deep" if "nested" in str(error) else "refused"
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return "tolerant"
    return "orjson"


def test_what_is_broken_never_has_the_right_token() -> None:
    # So that nothing is accepted whose answer may get lost, and what was accepted can be compared to what is there.
    broken = [made for made in (attempt(2, number) for number in range(5000)) if made.kind == "broken"]
    assert broken
    assert not any(TOKEN.encode() in made.raw for made in broken)


@pytest.mark.parametrize(
    ("kind", "outcome", "right"),
    [
        ("body", 200, True),
        ("body", 400, True),
        ("body", 413, True),
        ("body", 401, False),
        ("body", 500, False),
        ("body", 503, False),
        ("body", CLOSED, False),
        ("body", SILENT, False),
        ("head", 404, True),
        ("head", 500, False),
        ("head", CLOSED, False),
        ("head", SILENT, False),
        ("broken", 400, True),
        ("broken", CLOSED, True),
        ("broken", SILENT, True),
        ("broken", 500, False),
    ],
)
def test_what_counts_as_right(kind: str, outcome: int | str, right: bool) -> None:
    assert running.is_right(Attempt(b"", b"{}", kind), outcome) is right


def test_a_difference_between_what_went_in_and_what_came_out_is_wrong() -> None:
    class Sender:
        accepted, checksum = 2, 77

    def wrong(receipts: int, checksum: int, events: int, faults: tuple[str, ...] = ()) -> list[str]:
        found = Found(receipts, checksum, receipts, events, list(faults))
        return running.differences(Sender(), found)  # type: ignore[arg-type]

    assert wrong(2, 77, 2) == []
    assert len(wrong(1, 77, 1)) == 1
    assert len(wrong(2, 78, 2)) == 1
    assert len(wrong(2, 77, 1)) == 1
    assert wrong(2, 77, 2, ("it raised",)) == ["it raised"]
