"""gunicorn's settings for the floor: all of ours, but for the hook that belongs to our app."""

from falconbus.runtime.gunicorn_conf import *  # noqa: F403  every name is a setting


def post_fork(_arbiter: object, _worker: object) -> None:
    """Connections are made by the threads that use them: there is none to forget."""
