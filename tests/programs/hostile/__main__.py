"""`python -m tests.programs.hostile --bodies 1000000 --seed 1`: mutated webhooks. Exits 1 if all is not well."""

import argparse
import sys

from tests.programs.hostile.bodies import described
from tests.programs.hostile.requests import attempt
from tests.programs.hostile.run import Report, run

#: By how much the ingress may have grown from a tenth of a run to its end. Short runs are not long enough to tell.
_MAX_GROWTH = 1.05
_LONG = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.hostile", description=__doc__)
    parser.add_argument("--bodies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="classify one of every N accepted webhooks")
    parser.add_argument("--show", type=int, default=0, help="only show the request of that number")
    options = parser.parse_args()
    if options.show:
        print(described(attempt(options.seed, options.show).raw))
        return
    report = run(options.bodies, options.seed, every=options.every)
    print(text(report))
    if report.wrong or _has_grown(report):
        sys.exit(1)


def text(report: Report) -> str:
    """For people."""
    lines = [f"{report.sent} requests in {report.seconds:.0f} s, {report.sent / report.seconds:.0f}/s"]
    for kind in ("body", "head", "broken"):
        reported = {str(outcome): count for (of, outcome), count in report.outcomes.items() if of == kind}
        lines.append(f"  {kind:7}" + ", ".join(f"{outcome}: {reported[outcome]}" for outcome in sorted(reported)))
    found = report.found
    lines.append(f"accepted {report.accepted}, found in Redis {found.receipts}, byte for byte")
    lines.append(f"classified {found.classified} into {found.events} events, {len(found.faults)} faults")
    sizes = ", ".join(f"{size:.1f} MiB at {percent} %" for percent, size in report.memory.items())
    lines.append(f"memory of the ingress: {sizes}{' (it has grown)' if _has_grown(report) else ''}")
    return "\n".join([*lines, *(f"WRONG: {line}" for line in report.wrong)])


def _has_grown(report: Report) -> bool:
    return report.sent >= _LONG and report.memory[100] > _MAX_GROWTH * report.memory[10]


if __name__ == "__main__":
    main()
