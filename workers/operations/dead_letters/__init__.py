"""Find, replay, discard and restore dead letters."""
