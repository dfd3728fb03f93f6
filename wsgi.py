"""gunicorn's entry: a bad setting ends the start with its one line."""

import sys

from config import SettingError
from falconbus.app import create_app

try:
    app = create_app()
except SettingError as fault:
    sys.exit(str(fault))
