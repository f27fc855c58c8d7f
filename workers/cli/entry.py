"""The console script."""

import sys
from importlib import import_module


def main() -> None:
    """Runs the command. A probe asks for `sluice health` every few seconds: nothing of the others is loaded then."""
    if sys.argv[1:2] == ["health"]:
        import_module("workers.cli.health").app(sys.argv[2:], prog_name="sluice health")
    import_module("workers.cli.app").main()
