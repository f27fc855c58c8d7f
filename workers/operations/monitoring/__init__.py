"""What the console knows of the running system: looked at every two seconds, judged, and kept for an hour."""
