"""Traces: what is in them, how they travel, and that nothing of them is there when they are off."""
