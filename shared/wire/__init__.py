"""Formats in which the ingress and the workers exchange data."""
