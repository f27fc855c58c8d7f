"""The ingress's fixtures."""

from tests.support.ingress.fixtures import _no_other_line

__all__ = ["_no_other_line"]
