"""What is to be known of a message that a span is made for."""

from typing import NamedTuple


class Message(NamedTuple):
    """One that is processed."""

    trace: str  # the context it came with; empty: it is part of no trace
    receipt: str  # id
    attempt: int  # from 1
