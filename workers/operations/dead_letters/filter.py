"""Select dead letters: the one filter of the command line and the console. Pure."""

import re
from typing import NamedTuple

from workers.lanes.records import DeadLetter
from workers.operations.entries import event_type, is_about

_NUMBERS = re.compile(r"\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_MAX_GROUP_CHARS = 160


class DeadLetterFilter(NamedTuple):
    """Conditions that a dead letter must all meet; an empty value always matches. Times in ms since 1970."""

    ids: frozenset[str] = frozenset()  # LANE/ID
    lane: str = ""
    type: str = ""
    why: str = ""
    error: str = ""  # contained in the error, in any case
    customer: str = ""
    group: str = ""  # see error_group
    since_ms: int = 0  # died at this time or later
    until_ms: int = 0  # died before this time

    def matches(self, letter: DeadLetter) -> bool:
        """Return whether the dead letter meets all conditions except `lane`, which selects where to look."""
        return (
            letter.at_ms >= self.since_ms
            and (not self.until_ms or letter.at_ms < self.until_ms)
            and (not self.ids or f"{letter.lane}/{letter.id}" in self.ids)
            and (not self.type or event_type(letter.data) == self.type)
            and (not self.why or letter.why == self.why)
            and self.error.lower() in letter.error.lower()
            and (not self.group or error_group(letter.error) == self.group)
            and (not self.customer or is_about(letter.data, self.customer))
        )

    def lanes(self) -> set[str]:
        """Return the lanes to look in; empty: all of them."""
        return {self.lane} if self.lane else {name.rpartition("/")[0] for name in self.ids}

    def selects_whole_lanes(self, now_ms: int) -> bool:
        """Return whether every dead letter of the lanes that died before `now_ms` matches."""
        return self.until_ms >= now_ms and self == DeadLetterFilter(lane=self.lane, until_ms=self.until_ms)

    def with_ages(self, older_ms: int, newer_ms: int, now_ms: int) -> "DeadLetterFilter":
        """Return this filter for ages of at least `older_ms` and at most `newer_ms` at `now_ms` (0: no limit)."""
        return self._replace(
            since_ms=max(now_ms - newer_ms, 0) if newer_ms else 0,
            until_ms=max(now_ms - older_ms + 1, 1) if older_ms else 0,
        )


def error_group(error: str) -> str:
    """Return the error's first line without what differs from one event to the next: numbers and quoted text."""
    first_line = error.partition("\n")[0]
    return _NUMBERS.sub("#", _QUOTED.sub("'…'", first_line))[:_MAX_GROUP_CHARS]
