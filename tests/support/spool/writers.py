"""Writer processes, for tests that kill them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import clean_environment, python


class Writer:
    """A `tests.support.spool.writer` that runs. Numbers are records."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.appended = 0

    def wait_for(self, number: int) -> None:
        """Wait until it has reported that it appended `count`."""
        while self.appended < number and (line := self._read()):
            self.appended = int(line)
        assert self.appended >= number

    def kill(self) -> None:
        """SIGKILL. `appended` is then all that it ever said."""
        self._process.kill()
        while line := self._read():
            if line.endswith("\n"):
                self.appended = int(line)
        self._process.wait(10)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def writer(folder: Path, seed: int, segment_bytes: int, most: int | None = None) -> Iterator[Writer]:
    """A writer process, dead at the end."""
    options = [str(folder), str(seed), str(segment_bytes), *([] if most is None else [str(most)])]
    with subprocess.Popen(
        python("-m", "tests.support.spool.writer", *options),
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Writer(process)
        finally:
            process.kill()
