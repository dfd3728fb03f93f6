"""The workers' Celery app: tasks run in the Flask app's context, each in a transaction."""

import sys
from logging import WARNING, getLogger
from typing import Any

from celery import Task
from celery.signals import (
    setup_logging,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
)

from config import SettingError
from falconbus.app import create_app, preload
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import celery
from falconbus.platform.kit import clock, context, logging
from falconbus.platform.telemetry import heartbeat, minute_counts
from falconbus.platform.telemetry.message_stamp import PUBLISHED_AT

try:
    flask_app = create_app()
except SettingError as fault:
    sys.exit(str(fault))

SOFT_LIMIT_SECONDS, HARD_LIMIT_SECONDS = 120, 150


class FalconTask(Task):
    """A task in one transaction.

    A job is begun first, in a transaction of its own, so that a message that comes twice is worked at once; its failure
    is recorded on its outbox row, which retries with growing delays.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with flask_app.app_context(), flask_app.request_log.recorder.task(self.name) as trace:
            self._record_wait()
            outbox_id = kwargs.get("outbox_id")
            if outbox_id is not None and not transactions.run(lambda: jobs.begin(outbox_id)):
                return None
            try:
                return transactions.run(lambda: self.run(*args, **kwargs))
            except Exception as fault:
                if outbox_id is None:
                    raise
                trace.outcome = "failed"
                flask_app.logger.exception("the job %s failed", self.name)
                error = f"{type(fault).__name__}: {fault}"
                transactions.run(lambda: jobs.failed(outbox_id, error, retry=True))
                return None

    def _record_wait(self) -> None:
        """Record how long the message waited in its queue."""
        published_at = (self.request.headers or {}).get(PUBLISHED_AT)
        queue = (self.request.delivery_info or {}).get("routing_key")
        if published_at is not None and queue:
            waited = clock.now().timestamp() - published_at
            flask_app.request_log.recorder.flusher.time((minute_counts.QUEUE, queue), int(max(0.0, waited) * 1e6))


celery.Task = FalconTask
celery.conf.update(
    imports=["workers.tasks", "workers.periodic"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=SOFT_LIMIT_SECONDS,
    task_time_limit=HARD_LIMIT_SECONDS,
    timezone="UTC",
    worker_hijack_root_logger=False,
    # RSS, which counts what is shared with the parent in full: after 200 mails a child has 164 MB, of which
    # a quarter is its own (docs/decisions/mail.md). One that leaks is replaced; none that makes PDFs is.
    worker_max_memory_per_child=230_000,
    worker_soft_shutdown_timeout=10,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        **celery.conf.broker_transport_options,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 15,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
)


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    logging.configure(flask_app.config["SETTINGS"].log_level)
    # Celery's own INFO is two lines a task, and the relay runs every three seconds.
    getLogger("celery").setLevel(WARNING)


@worker_process_init.connect
def _dispose_inherited_connections(**_: Any) -> None:
    with flask_app.app_context():
        db.engine.dispose(close=False)


@worker_init.connect
def _preload(**_: Any) -> None:
    """In the worker's own process, whose children share what is loaded; not in beat's."""
    preload()


# Celery collects the receivers of its heartbeat when it creates the heart: worker_ready would be too late.
@worker_init.connect
def _begin_heartbeat(**_: Any) -> None:
    heartbeat.begin(celery.conf.broker_url)


@worker_process_shutdown.connect
def _flush(**_: Any) -> None:
    flask_app.request_log.recorder.flusher.flush()


@task_prerun.connect
def _restore_request_id(task: Any, **_: Any) -> None:
    headers = task.request.headers or {}
    context.begin(headers.get("request_id") or getattr(task.request, "request_id", None))
