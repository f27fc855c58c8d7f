"""The Celery queues, by family of work: `celery -A workers worker -Q intake,messages` dedicates workers to some.

Their order is their priority in a worker that has several: a customer's message goes before a campaign's statuses.
"""

INTAKE = "intake"
MESSAGES = "messages"
MEDIA = "media"
STATUSES = "statuses"

FAMILIES = (INTAKE, MESSAGES, MEDIA, STATUSES)
