"""`python -m tests.programs.chaos`: the real programs under load while everything around them is killed or cut.

options      what is asked for                      faults/      each way to do harm
environment        the programs, servers and the sender   quiet        waiting until nothing is left to do
stretch      load, strikes, quiet, verification        expected     what acknowledged webhooks must lead to (pure)
reading      what is there                          verification    the one held against the other (pure)
"""
