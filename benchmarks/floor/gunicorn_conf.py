"""gunicorn's settings for the floor: ours without the hook that belongs to our app."""

from falconbus.platform.runtime import gunicorn_conf

globals().update({name: value for name, value in vars(gunicorn_conf).items() if name[0] != "_" and name != "post_fork"})
