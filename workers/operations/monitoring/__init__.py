"""The state of the running system, and what is wrong with it.

snapshot            everything at one moment
ingress_processes   what the ingress processes report
sample              what happened between two snapshots
sample_history      the samples of the last hour
problem, problems   what is wrong, and what to do: pure
sampler             renews all of it every two seconds, from a thread
"""
