"""What a worker process does: drain lanes, run steps, maintain lanes."""
