"""What this process did since its start, counted where it is done and told to Redis by report.py."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

#: Upper bounds: of a push's seconds, and of a group's webhooks.
PUSH_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
GROUP_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Spread:
    """How values spread: how many were at most each bound, and their sum, as Prometheus' histograms have it."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def note(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def fields(self, name: str) -> dict[str, float]:
        """`<name>:le:<bound>` (cumulative, `+Inf` the last), `<name>:sum`."""
        found: dict[str, float] = {}
        total = 0
        for bound, count in zip([*map("{:g}".format, self._bounds), "+Inf"], self._counts, strict=True):
            total += count
            found[f"{name}:le:{bound}"] = total
        return found | {f"{name}:sum": self._sum}


class Tally:
    """The counts of one process."""

    def __init__(self) -> None:
        self.answers: defaultdict[int, int] = defaultdict(int)  # to webhooks, by status
        self.push_seconds = Spread(PUSH_SECONDS)
        self.group_sizes = Spread(GROUP_SIZES)

    def fields(self) -> dict[str, float]:
        """All of it, flat."""
        answers = {f"answers:{status}": float(count) for status, count in self.answers.items()}
        return answers | self.push_seconds.fields("push_seconds") | self.group_sizes.fields("group_size")
