"""The module in which `celery -A workers` finds the application."""

from shared.settings import Settings
from shared.startup import exit_on_invalid_settings
from workers.runtime.celery.application import create_app

app = exit_on_invalid_settings(lambda: create_app(Settings.load()))
