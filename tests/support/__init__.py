"""What several tests share: servers to test against."""
