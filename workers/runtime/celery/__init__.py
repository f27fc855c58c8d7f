"""The Celery application. Only this package knows the internals of Celery, kombu and billiard."""
