"""The bench of the console's pages: what it asks for, and how it tells a plan."""

from collections import Counter

from tests.programs.bench.pages.asked import asked
from tests.programs.bench.pages.plans import short
from workers.console.auth.url_tokens import UrlTokenCipher

PLAN = """Limit  (cost=0.42..10.50 rows=51 width=288) (actual time=0.018..0.231 rows=51 loops=1)
  Buffers: shared hit=212
  ->  Index Scan Backward using events_by_occurrence on events  (cost=0.4..9 rows=51 width=9) (actual rows=65 loops=1)
        Index Cond: (occurred_at < '2026-01-30 00:00:00+00'::timestamp with time zone)
  SubPlan 1
    ->  Index Scan using messages_pkey on messages  (cost=0.4..8 rows=1 width=90) (actual rows=1 loops=9)
    ->  Index Scan using messages_pkey on messages  (cost=0.4..8 rows=1 width=90) (actual rows=3 loops=1)
    ->  Result  (cost=0.00..0.01 rows=1 width=32) (never executed)
Planning Time: 0.205 ms
Execution Time: 0.311 ms"""


def test_a_plan_is_reported_in_a_line_without_what_never_ran() -> None:
    assert short(PLAN) == (
        "Limit (51) ← Index Scan Backward using events_by_occurrence on events (65)"
        " ← Index Scan using messages_pkey on messages (1 x 9); hit=212 buffers, 0.311 ms"
    )


def test_each_page_is_asked_for_once_and_no_number_stands_in_an_address() -> None:
    pages = asked(UrlTokenCipher(b"k" * 32), "text.greet/1-1", 1_000)
    assert set(Counter(page.name for page in pages).values()) == {1}
    assert len({page.path.partition("?")[0].split("/")[1] for page in pages}) == 7  # each of the console's parts
    assert [page.path for page in pages if "9198" in page.path] == []
