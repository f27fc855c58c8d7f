"""What an operator can see and do, without a user interface."""
