"""Where `celery -A workers` finds the application."""

from shared.settings import Settings
from shared.startup import or_refuse
from workers.runtime.celery.application import create_app

app = or_refuse(lambda: create_app(Settings.load()))
