"""gunicorn's settings, for `gunicorn --config python:falconbus.platform.runtime.gunicorn_conf wsgi:app`."""

import ctypes
import os
from typing import Protocol

from flask import Flask

from falconbus.platform.database.engine import db

# A host that gives a port has a proxy in front and wants every interface; without one we are on somebody's desk.
_host = os.environ.get("WEB_HOST") or ("0.0.0.0" if os.environ.get("PORT") else "127.0.0.1")  # noqa: S104
_port = os.environ.get("PORT") or "8000"

bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "falconbus.platform.runtime.web_worker.WebWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or max(2, os.cpu_count() or 2))
threads = 8
# Open at once, of a process; more close the one that has waited the longest. Well below the usual 1024 files.
worker_connections = 512
# A heartbeat of the worker, not a limit on requests.
timeout = 60
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_TIMEOUT") or 25)
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
preload_app = True
control_socket_disable = True
reuse_port = False
# Who is believed about the scheme is said by TRUSTED_PROXIES alone.
secure_scheme_headers: dict[str, str] = {}
# The app logs its own requests, with their ids.
accesslog = None
errorlog = "-"
loglevel = "warning"


# Checking a password takes 19 MiB. glibc would keep them for the thread that had them; beyond this size it gives memory
# back at once (mallopt(3), M_MMAP_THRESHOLD), in the processes forked from here, too.
_M_MMAP_THRESHOLD, _LARGE = -3, 1 << 20
_libc = ctypes.CDLL(None)
if hasattr(_libc, "mallopt"):
    _libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)


class _Application(Protocol):
    def wsgi(self) -> Flask: ...


class _Worker(Protocol):
    app: _Application


def post_fork(_arbiter: object, worker: _Worker) -> None:
    """Drop connections that the parent may have opened: two processes must never share one."""
    app = worker.app.wsgi()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)
