"""What an operator does by hand: dead letters, replay."""
