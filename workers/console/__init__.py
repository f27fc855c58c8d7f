"""The console: what an operator sees of Sluice and does to it, in a browser. `workers.console.app:app`."""
