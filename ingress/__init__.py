"""Sluice's ingress: takes webhooks in and acknowledges them once they are durable."""
