"""The command line: `sluice …`. One module a group of commands."""

from workers.cli.entry import main

__all__ = ["main"]
