"""Tools for development: `sluice up`, sample webhooks and simulated traffic."""
