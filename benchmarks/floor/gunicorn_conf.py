"""gunicorn's settings for the floor: ours, without what belongs to our app."""

from falconbus.runtime.gunicorn_conf import (
    accesslog,
    bind,
    control_socket_disable,
    errorlog,
    graceful_timeout,
    keepalive,
    loglevel,
    max_requests,
    max_requests_jitter,
    preload_app,
    reuse_port,
    threads,
    timeout,
    worker_class,
    worker_connections,
    workers,
)

__all__ = [
    "accesslog",
    "bind",
    "control_socket_disable",
    "errorlog",
    "graceful_timeout",
    "keepalive",
    "loglevel",
    "max_requests",
    "max_requests_jitter",
    "preload_app",
    "reuse_port",
    "threads",
    "timeout",
    "worker_class",
    "worker_connections",
    "workers",
]
