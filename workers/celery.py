"""Where `celery -A workers` finds the application."""

from shared.errors import WrongSettings
from shared.exits import refuse
from shared.settings import Settings
from workers.application import create_app

try:
    app = create_app(Settings.load())
except WrongSettings as error:
    refuse(error)
