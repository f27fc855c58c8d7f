"""`make bench`: Sluice beside what a team would write itself and beside the limits, in one run on one machine."""
