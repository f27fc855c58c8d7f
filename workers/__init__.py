"""Sluice's workers: classification, media metadata, handlers, the event store and the command line."""
