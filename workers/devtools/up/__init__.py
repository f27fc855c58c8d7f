"""`sluice up`: everything in the foreground, for a laptop, a demonstration or a test. Not for production."""
