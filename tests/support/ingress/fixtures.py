"""The ingress's fixtures."""

from collections.abc import Iterator

import pytest

from tests.support.log import Log


@pytest.fixture(autouse=True)
def _no_other_line(log: Log) -> Iterator[None]:
    """The ingress logs once per anomaly: here even an info line that the test does not take fails it."""
    yield
    assert log.lines == []
