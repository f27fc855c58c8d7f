"""`sluice doctor`: is everything as the promises need it?"""

import typer
from rich.text import Text

from shared.text import escape_control_chars
from workers.cli.common import Json, console, load_settings, print_json
from workers.operations.doctor.checks import run_checks
from workers.operations.doctor.facts import Check
from workers.operations.doctor.probe import gather_facts

_WIDTH = 18


def doctor(json: Json = False) -> None:
    """Check Redis, the database, the webhook secret, the disk, the workers, your handlers and the media API.

    A line for each, with ✓ where it is well, else ✗ and what to do. The media API is asked once, for an id that does
    not exist. Takes four seconds at most. Exit codes: 0 all is well, 1 something is not, 78 wrong settings.

    Examples:

    - `sluice doctor`
    - `sluice doctor --json | jq '.checks[] | select(.well | not)'`
    """
    found = run_checks(gather_facts(load_settings()))
    well = all(check.ok for check in found)
    if json:
        print_json({"well": well, "checks": [_as_dict(check) for check in found]})
    else:
        screen = console()
        for check in found:
            screen.print(_line(check), soft_wrap=True)
    raise typer.Exit(0 if well else 1)


def _as_dict(check: Check) -> dict[str, str | bool]:
    return {"name": check.name, "well": check.ok, "seen": check.message, "advice": check.advice}


def _line(check: Check) -> Text:
    mark = ("✓", "green") if check.ok else ("✗", "bold red")
    line = Text.assemble(mark, " ", (f"{check.name:<{_WIDTH}}", "bold"), escape_control_chars(check.message))
    if check.advice:
        line.append(f"\n  {'':<{_WIDTH}}→ {escape_control_chars(check.advice)}", "dim" if check.ok else "yellow")
    return line
