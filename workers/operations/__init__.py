"""What an operator can see and do, without a user interface. The command line and the console build on it.

dead_letters        find, replay, discard and restore dead letters
event_history       what happened to one event
scheduled_retries   the retries of a lane that are due next
replay, purge       replay stored events; purge one customer's data
monitoring          the state of the system, and what is wrong with it
doctor, metrics     `sluice doctor`; the metrics for Prometheus
thresholds          when something counts as wrong, for all of these
redis_info          what Redis reports about itself
audit_log           what operators did
"""
