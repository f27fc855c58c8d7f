"""The metrics of the whole system for Prometheus; shared/observability/metrics.py declares them."""
