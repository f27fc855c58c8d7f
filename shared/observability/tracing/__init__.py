"""Traces: each follows a webhook from its POST through its lanes to each run of each handler.

Tracing is off unless OpenTelemetry's own environment variables enable it (see environment.py). While it is off, nothing
of OpenTelemetry is loaded, and it need not be installed. While it is on, `Tracing` (see provider.py) makes the spans. A
trace's context travels in receipts and entries, as text: W3C's `traceparent`, then a space and `tracestate` if there is
one.
"""

from typing import NamedTuple


class ProcessedMessage(NamedTuple):
    """A receipt or an event that is being processed."""

    trace: str  # the context that it carries; "" if it does not belong to a trace
    receipt: str  # the receipt's id
    attempt: int  # from 1
