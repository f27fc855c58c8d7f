"""`make demo`: the whole of Sluice on this machine, fed with made-up traffic, every event accounted for."""
