"""Development tools: `sluice up`, sample webhooks and simulated traffic."""
