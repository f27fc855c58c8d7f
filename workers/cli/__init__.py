"""The command line, `sluice …`: one module per group of commands."""

from workers.cli.entry import main

__all__ = ["main"]
