"""`python -m tests.chaos`: the real programs under load, and everything around them killed, stopped, cut and filled.

options      what is asked for                      faults/      each way to do harm
world        the programs, servers and the sender   quiet        waiting until nothing is left to do
stretch      load, strikes, quiet, reckoning        expected     what acknowledged webhooks must lead to (pure)
reading      what is there                          reckoning    the one held against the other (pure)
"""
