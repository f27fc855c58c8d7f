"""What `deploy/` says, started for real where the program is there, read and checked where it is not."""
