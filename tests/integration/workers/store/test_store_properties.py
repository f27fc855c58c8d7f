"""Properties: order, repetition and batching of events don't change the tables."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.store.samples import at, contents, empty, message_fields, only, status, text_message, written
from workers.events import (
    Contact,
    Context,
    Conversation,
    ErrorDetail,
    Event,
    ImageMessage,
    MediaMetadata,
    Pricing,
    StatusUpdate,
    TextMessage,
)
from workers.store import Store
from workers.store.sql_values import clean
from workers.store.write.merge_rules import STATUS_RANKS

# Each example empties the store itself. SQLite and PostgreSQL take about 5 ms per example.
bounded = settings(
    max_examples=examples(40),
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Few different values, so that events collide in all ways: same key with other content, same times, null or not.
ids = st.sampled_from(["a", "b"])
times = st.integers(0, 3).map(at)
words = st.sampled_from([None, "", "B", "a", "Ä", "ﬀ", "😀", "\0"])  # no locale sorts these by code point
numbers = st.sampled_from([None, 1, 2, 10**30])


def common() -> dict[str, st.SearchStrategy[Any]]:
    return {
        "key": st.sampled_from(["k1", "k2", "k3"]),
        "raw": st.sampled_from([None, 1, "a", "Ä", {"x": []}]),
        "occurred_at": times,
        "received_at": times,
        "business_number": words,
    }


@st.composite
def statuses(draw: st.DrawFn) -> StatusUpdate:
    word = draw(st.sampled_from([*STATUS_RANKS, "unknown"]))
    fields = {name: draw(strategy) for name, strategy in common().items()}
    return status(
        word,
        wamid=draw(ids),
        recipient=draw(ids),
        errors=draw(st.lists(st.builds(ErrorDetail, code=numbers, title=words), max_size=1).map(tuple)),
        conversation=draw(st.none() | st.builds(Conversation, id=words)),
        pricing=draw(st.none() | st.builds(Pricing, category=words, billable=st.none() | st.booleans())),
        **fields,
    )


@st.composite
def messages(draw: st.DrawFn) -> TextMessage | ImageMessage:
    fields = message_fields(
        draw(st.sampled_from(["text", "image", "unknown"])),
        wamid=draw(ids),
        customer=draw(ids),
        contact=draw(st.none() | st.builds(Contact, name=words)),
        context=draw(st.none() | st.builds(Context, id=words)),
        **{name: draw(strategy) for name, strategy in common().items()},
    )
    if draw(st.booleans()):
        return TextMessage(text=draw(words), **fields)
    fetched = st.builds(
        MediaMetadata,
        url=words,
        mime_type=words,
        file_size=numbers,
        fetched_at=st.none() | times,
        error=st.sampled_from([None, "404"]),
    )
    details: dict[str, Any] = {name: draw(words) for name in ("mime_type", "sha256", "caption", "filename")}
    return ImageMessage(media_id=draw(ids), metadata=draw(st.none() | fetched), **details, **fields)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[Event]], list[list[Event]]]:
    """The same events twice: in two orders, some repeated, split into batches in two ways."""
    events: list[Event] = [*draw(st.lists(statuses() | messages(), min_size=1, max_size=8))]

    def reported() -> list[list[Event]]:
        repeated = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=4))))
        cuts = sorted(draw(st.sets(st.integers(0, len(repeated)), max_size=4)))
        return [repeated[i:j] for i, j in zip([0, *cuts], [*cuts, len(repeated)], strict=True)]

    return reported(), reported()


@bounded
@given(histories())
def test_order_repetition_and_batching_do_not_change_the_tables(
    store: Store, history: tuple[list[list[Event]], list[list[Event]]]
) -> None:
    one, other = history
    assert written(store, *one) == written(store, *other)


@bounded
@given(st.lists(st.tuples(st.sampled_from(sorted(STATUS_RANKS)), st.integers(0, 9)), min_size=1, max_size=8))
def test_a_delivery_only_moves_forward_and_keeps_the_earliest_times(
    store: Store, reported: list[tuple[str, int]]
) -> None:
    empty(store)
    for i, (word, seconds) in enumerate(reported):
        store.write([status(word, seconds, key=str(i))])
        found = only(store, "deliveries")
        assert found["status"] == max((word for word, _ in reported[: i + 1]), key=STATUS_RANKS.__getitem__)
    for word in ("sent", "delivered", "read", "failed"):
        seen = [at(seconds) for said, seconds in reported if said == word]
        assert found[f"{word}_at"] == min(seen, default=None)


@bounded
@given(st.text(st.characters(exclude_categories=()), max_size=300), st.integers())
def test_any_text_and_any_number_can_be_written(store: Store, text: str, number: int) -> None:
    empty(store)
    errors = (ErrorDetail(code=number, title=text),)
    contact = Contact(name=text)
    store.write([text_message(text, wamid=f"{text}.", contact=contact, raw=[text, number])])
    store.write([status("failed", wamid=f"{text}.", recipient=f"{text}.", errors=errors)])
    found = contents(store)
    assert found["messages"][0]["text"] == found["customers"][0]["name"] == found["deliveries"][0]["error_title"]
    assert found["messages"][0]["text"] == clean(text)
    assert clean(clean(text)) == clean(text)
