"""Simulated traffic in realistic proportions, for the demo, `sluice simulate` and the benchmark."""

from workers.devtools.simulation.traffic import DUPLICATES, MIX, Expected, SimulatedTraffic, SimulatedWebhook

__all__ = ["DUPLICATES", "MIX", "Expected", "SimulatedTraffic", "SimulatedWebhook"]
