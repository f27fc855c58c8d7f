"""The workers' parts one by one, and real Celery workers that are killed. (Whole drains: tests/handling.)"""
