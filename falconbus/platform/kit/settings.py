"""The settings of the app that is running."""

from flask import current_app

from config import Settings


def get_settings() -> Settings:
    """Return the settings of the present app."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings
