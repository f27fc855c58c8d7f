"""The Celery queues of Sluice. `celery -A workers worker -Q intake,messages` dedicates workers to some of them.

A worker with several queues serves them in the order of QUEUES: a customer's message before a campaign's statuses.
"""

INTAKE = "intake"
MESSAGES = "messages"
MEDIA = "media"
STATUSES = "statuses"

QUEUES = (INTAKE, MESSAGES, MEDIA, STATUSES)
