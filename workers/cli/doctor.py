"""`sluice doctor`: check everything that Sluice's guarantees depend on."""

import sys
from pathlib import Path

import typer
from rich.text import Text

from shared.text import escape_control_chars
from workers.cli.common import Json, console, load_settings, print_json
from workers.operations.doctor.checks import run_checks
from workers.operations.doctor.facts import Check
from workers.operations.doctor.probe import gather_facts

_NAME_WIDTH = 18


def doctor(json: Json = False) -> None:
    """Check Redis, the database, the webhook secret, the disk, the workers, your handlers and the media API.

    Prints one line per check: ✓, or ✗ and what to do. Sends one request to the media API, for an id that does not
    exist. Takes up to four seconds. Exit codes: 0 all checks passed, 1 some failed, 78 invalid settings.

    Examples:

    - `sluice doctor`
    - `sluice doctor --json | jq '.checks[] | select(.well | not)'`
    """
    sys.path.append(str(Path.cwd()))  # workers started here import handlers from this folder, too
    checks = run_checks(gather_facts(load_settings()))
    all_passed = all(check.ok for check in checks)
    if json:
        print_json({"well": all_passed, "checks": [_as_dict(check) for check in checks]})
    else:
        screen = console()
        for check in checks:
            screen.print(_line(check), soft_wrap=True)
    raise typer.Exit(0 if all_passed else 1)


def _as_dict(check: Check) -> dict[str, str | bool]:
    return {"name": check.name, "well": check.ok, "seen": check.message, "advice": check.advice}


def _line(check: Check) -> Text:
    mark = ("✓", "green") if check.ok else ("✗", "bold red")
    line = Text.assemble(mark, " ", (f"{check.name:<{_NAME_WIDTH}}", "bold"), escape_control_chars(check.message))
    if check.advice:
        line.append(f"\n  {'':<{_NAME_WIDTH}}→ {escape_control_chars(check.advice)}", "dim" if check.ok else "yellow")
    return line
