"""What users would otherwise write, as well as a good engineer writes it with that stack; and the limits."""
