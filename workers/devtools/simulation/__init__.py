"""Made-up traffic that looks like the real one: for the demo, `sluice simulate` and the bench."""

from workers.devtools.simulation.traffic import DUPLICATES, MIX, Expected, SimulatedTraffic, SimulatedWebhook

__all__ = ["DUPLICATES", "MIX", "Expected", "SimulatedTraffic", "SimulatedWebhook"]
