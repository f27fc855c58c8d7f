"""Made-up traffic that looks like the real one: for the demo, `sluice simulate` and the bench."""

from workers.devtools.simulation.traffic import DUPLICATES, MIX, Expected, Traffic, Webhook

__all__ = ["DUPLICATES", "MIX", "Expected", "Traffic", "Webhook"]
