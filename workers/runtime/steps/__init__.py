"""The steps: what is done with the entries of a lane (classify, look up media metadata, run a handler)."""
