"""`make capacity`: what a load needs, reckoned from what `make bench` measured."""
