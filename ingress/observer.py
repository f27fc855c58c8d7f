"""Observing webhooks from outside: the interface for tracing, and an implementation that does nothing.

With `NO_OBSERVER` a webhook costs three calls of empty methods, and no allocation.
"""

from typing import Protocol

from ingress.request import RequestHeaders
from ingress.spool.drainer import Push


class WebhookObservation(Protocol):
    """The observation of one webhook, from its request to its response."""

    @property
    def trace(self) -> str:
        """The trace context that the receipt carries to the workers, "" for none."""

    def record_receipt(self, receipt: str, lane: str, size: int, /) -> None:
        """Record that the webhook was accepted: its receipt's id, its lane and its body's size in bytes."""

    def record_response(self, status: int, /) -> None:
        """Record the response's HTTP status. This ends the observation."""


class WebhookObserver(Protocol):
    """Observes all webhooks and pushes of a process."""

    def begin(self, route: str, has_token: bool, headers: RequestHeaders, /) -> WebhookObservation:
        """Begin to observe a webhook, before anything about it has been checked."""

    def observe_push(self, push: Push, /) -> Push:
        """Return `push` with an observation around each call, whether it pushes new webhooks or spooled ones."""

    async def close(self) -> None:
        """End all observation, when the process stops."""


class _NoObservation:
    trace = ""

    def record_receipt(self, _receipt: str, _lane: str, _size: int, /) -> None:
        pass

    def record_response(self, _status: int, /) -> None:
        pass


_NO_OBSERVATION = _NoObservation()


class NoObserver:
    """Observes nothing."""

    def begin(self, _route: str, _has_token: bool, _headers: RequestHeaders, /) -> WebhookObservation:
        """Return the observation that all webhooks share."""
        return _NO_OBSERVATION

    def observe_push(self, push: Push, /) -> Push:
        """Return `push` itself."""
        return push

    async def close(self) -> None:
        """Do nothing."""


NO_OBSERVER: WebhookObserver = NoObserver()
