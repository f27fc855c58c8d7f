"""`python -m tests.programs.docs write`, then `mkdocs build`, then `python -m tests.programs.docs check SITE`."""

import argparse
import sys
from pathlib import Path

from tests.programs.docs import pages, site


def main() -> int:
    """Write the generated tables into docs/, or check a built site. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.docs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write", help="update the generated tables of docs/")
    check = commands.add_parser("check", help="check links and external resources of a built site")
    check.add_argument("site", type=Path)
    options = parser.parse_args()
    if options.command == "write":
        for file in pages.write():
            print(f"updated {file}")
        return 0
    problems = site.problems(options.site)
    print("\n".join(problems) or f"{options.site}: every link resolves and nothing is loaded from elsewhere")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
