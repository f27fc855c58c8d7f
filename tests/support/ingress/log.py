"""What the ingress logs, for tests to look at."""

from typing import Any, NamedTuple


class Line(NamedTuple):
    """One line."""

    level: str
    event: str
    values: dict[str, Any]


class Log:
    """Stands where a module's logger stands. A test must take what it expects: what is left over fails it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def take(self) -> list[Line]:
        """All lines since the last time."""
        taken, self.lines = self.lines, []
        return taken

    def info(self, event: str, **values: Any) -> None:
        self.lines.append(Line("info", event, values))

    def warning(self, event: str, **values: Any) -> None:
        self.lines.append(Line("warning", event, values))

    def error(self, event: str, **values: Any) -> None:
        self.lines.append(Line("error", event, values))

    def exception(self, event: str, **values: Any) -> None:
        self.lines.append(Line("exception", event, values))
