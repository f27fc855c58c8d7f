"""The throttle of refusals is the process's: each test gets a fresh one."""

from collections import defaultdict

import pytest

from ingress.log_throttle import LogThrottle
from ingress.uvicorn_http.limits import LimitedProtocol


@pytest.fixture(autouse=True)
def _fresh_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitedProtocol, "log_throttles", defaultdict(LogThrottle))
