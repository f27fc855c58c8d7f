"""Where `celery -A workers` finds the application."""

from shared.exits import or_refuse
from shared.settings import Settings
from workers.application import create_app

app = or_refuse(lambda: create_app(Settings.load()))
