"""`sluice up`: every process in the foreground, for development, demonstrations and tests. Not for production."""
