"""The web as gunicorn's own threads would serve it: the settings that ours replaced."""

from falconbus.platform.runtime.gunicorn_conf import *  # noqa: F403

worker_class = "gthread"
# Twice the threads: the default of 1000 pins keep-alive connections to busy workers, at a quarter of the throughput.
worker_connections = 16
