"""gunicorn's settings for the peers: the same as ours, written out, as our code is not installed beside them.

Each process loads the app itself: Flask-MonitoringDashboard starts threads when it is bound.
"""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = int(os.environ["WEB_CONCURRENCY"])
threads = 8
worker_connections = 16
keepalive = 5
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
