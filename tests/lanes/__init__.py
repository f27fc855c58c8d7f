"""The lanes on a real server."""
