"""gunicorn's entry: a bad setting ends the start with its one line."""

import sys

from config import SettingError
from falconbus.app import create_app, preload

try:
    app = create_app()
except SettingError as fault:
    sys.exit(str(fault))
# gunicorn loads this module before it forks.
preload()
