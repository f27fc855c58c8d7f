"""The entry point of the `sluice` command."""

import sys
from importlib import import_module


def main() -> None:
    """Run the command. `sluice health`, which probes run every few seconds, does not load the other commands."""
    if sys.argv[1:2] == ["health"]:
        import_module("workers.cli.health").app(sys.argv[2:], prog_name="sluice health")
    import_module("workers.cli.app").main()
