"""What is done with the entries of a lane: classify, enrich with media metadata, run a handler."""
