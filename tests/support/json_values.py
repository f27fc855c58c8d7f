"""JSON values for Hypothesis: any at all, with names and words that mean something to us among them."""

from typing import Any

from hypothesis import strategies as st

WORDS = [
    "wamid.A",
    "US.1234",
    "+91 98000",
    "text",
    "image",
    "sent",
    "read",
    "interactive",
    "nfm_reply",
    "\ud83d",
    "\0",
    "",
]
NAMES = ["id", "type", "status", "from", "timestamp", "text", "image", "contacts", "context", "errors", "recipient_id"]
NAMES += [
    "messages",
    "statuses",
    "entry",
    "changes",
    "value",
    "metadata",
    "conversation",
    "pricing",
    "wa_id",
    "profile",
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -(10**3900), 1687327462, 1687327462123]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec=None), max_size=8),  # lone surrogates included
    st.sampled_from(WORDS),
)
names = st.one_of(st.sampled_from(NAMES), st.text(st.characters(codec=None), max_size=4))
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6), max_leaves=20
)
objects = st.dictionaries(names, values, max_size=6)
