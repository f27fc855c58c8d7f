"""The Celery application. No other package knows the internals of Celery, kombu and billiard."""
