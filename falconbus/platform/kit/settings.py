"""The settings of the app that is running."""

from urllib.parse import quote

from flask import current_app, request

from config import Settings


def get_settings() -> Settings:
    """Return the settings of the present app."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def current_address() -> str:
    """Return the address of the present request under PUBLIC_URL, whatever host the caller named."""
    return get_settings().public_url + quote(request.path)
