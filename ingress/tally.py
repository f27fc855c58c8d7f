"""What this process did since its start, counted where it is done and told to Redis by report.py."""

from collections import defaultdict

from shared.observability.histogram import Spread
from shared.observability.metrics import GROUP_SIZES, PUSH_SECONDS


class Tally:
    """The counts of one process."""

    def __init__(self) -> None:
        self.answers: defaultdict[int, int] = defaultdict(int)  # to webhooks, by status
        self.push_seconds = Spread("push_seconds", PUSH_SECONDS)
        self.group_sizes = Spread("group_size", GROUP_SIZES)

    def fields(self) -> dict[str, int]:
        """All of it, flat."""
        answers = {f"answers:{status}": count for status, count in self.answers.items()}
        return answers | self.push_seconds.fields() | self.group_sizes.fields()
