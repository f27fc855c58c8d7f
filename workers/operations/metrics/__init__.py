"""The figures of the whole system as Prometheus reads them.

shared/observability/metrics.py declares them, here they get values.
"""
