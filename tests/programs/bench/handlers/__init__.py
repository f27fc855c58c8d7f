"""Users' handlers as the bench has them, for SLUICE_HANDLERS."""
