"""`python -m tests.programs.chaos`: see `--help`."""

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.programs.chaos import databases, stretch
from tests.programs.chaos.environment import Environment, running_environment
from tests.programs.chaos.faults import FAULTS
from tests.programs.chaos.options import Options, parse, seeded
from tests.programs.chaos.plan import stretches
from tests.programs.chaos.stretch import Result
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.table import complaints, table


def main() -> int:
    """Exit code 0 if nothing was lost, doubled, wrong or left undone."""
    options = parse(sys.argv[1:], list(FAULTS))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    folder = Path(tempfile.mkdtemp(prefix="sluice-chaos-"))
    began = time.monotonic()
    _say(f"seed {options.seed}; logs in {folder}")
    results: list[Result] = []
    for name in options.databases:
        if why := databases.missing(name):
            _say(f"SKIPPED: everything on {name}: {why}")
            continue
        results += _on(name, folder, options)
    right = bool(results) and all(result.is_right for result in results)
    print(f"\n{table(results)}\n")
    strikes = sum(result.strikes for result in results)
    print(f"{strikes} faults in {time.monotonic() - began:.0f} s, seed {options.seed}.")
    if right:
        if not options.keep:
            shutil.rmtree(folder)
        print("Nothing was lost, doubled or wrong.")
        return 0
    print(f"NOT RIGHT. The logs are in {folder}\n{complaints(results)}")
    return 1


def _on(name: str, folder: Path, options: Options) -> Iterator[Result]:
    """Every stretch on one database. After one that went wrong all is started again, its folder kept."""
    with ExitStack() as running:
        here: Environment | None = None
        for number, faults in enumerate(stretches(options, name)):
            if here is None:
                here = running.enter_context(running_environment(name, folder / f"{name}-{number:02d}"))
            able = [fault for fault in faults if not _lacks(here, fault)]
            if not able:
                continue
            rounds = options.rounds or (1 if options.short else 0)
            result = stretch.run(here, able, rounds, options.rate, seeded(options.seed, name, number))
            _tell(result)
            yield result
            if not result.is_right:
                running.close()
                here = None


def _lacks(here: Environment, fault: Fault) -> bool:
    if why := fault.lacking(here):
        _say(f"SKIPPED: {fault.name}: {why}")
    return bool(why)


def _tell(result: Result) -> None:
    amiss = ", ".join(f"{len(items)} {name}" for name, items in result.verification._asdict().items())
    rest = f", NOT QUIET: {'; '.join(result.restless)}" if result.restless else ""
    odd = f", ODD: {'; '.join(result.odd[:3])}" if result.odd else ""
    _say(
        f"{result.database}: {' + '.join(result.faults)}: {result.strikes} faults, {result.acknowledged} acknowledged, "
        f"{result.events} events, {amiss}; stops {result.stop_of_acknowledging:.1f} s and "
        f"{result.stop_of_handling:.1f} s; quiet after {result.quiet_after:.0f} s, took {result.seconds:.0f} s; "
        f"answers {dict(result.answers)}{rest}{odd}"
    )


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
