"""Use cases: have a backup taken, store the log meanwhile, see how it stands, tell administrators of trouble."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

from falconbus.performance.backups import queries
from falconbus.performance.backups.mail_kinds import TROUBLE
from falconbus.performance.jobs import BACK_UP
from falconbus.platform import jobs
from falconbus.platform.backups import status
from falconbus.platform.backups.archive import Archive
from falconbus.platform.backups.errors import BackupFailed, one_line
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.reports import publish
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing import service as mailing
from falconbus.platform.runtime.parent_death import ending_with_parent
from falconbus.platform.runtime.paths import PROJECT

#: Longer than any backup takes; the task's limit, too.
LIMIT = timedelta(hours=6)
#: A system that has worked for as long without a backup has missed one.
_GRACE = timedelta(hours=1)
_TOLD_EVERY = timedelta(days=1)
_SECONDS_FOR_LOG = 4.0


def request_backup() -> None:
    """Have a worker take, verify and keep a backup, unless that is still to be done."""
    if get_settings().backup_enabled and not queries.is_requested():
        jobs.enqueue(BACK_UP)


def run_backup(outbox_id: int) -> None:
    """Take the night's backup in a process of its own, which gives way to those that sell. BackupFailed."""
    jobs.extend_lease(outbox_id, LIMIT)
    transactions.commit()
    command = ["nice", "-n", "15", sys.executable, "-P", "-m", "falconbus", "backup", "nightly"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ending_with_parent(command, death_signal=signal.SIGTERM),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise BackupFailed((done.stderr.strip().splitlines() or ["it was ended"])[-1].removeprefix("falcon: "))
    jobs.done(outbox_id)


def watch() -> None:
    """Store the log that waits, see how it stands, have the first backup taken, and tell of trouble."""
    settings = get_settings()
    if not settings.backup_enabled:
        return
    plan, now = Plan(settings), clock.now()
    log_fault = _store_log(plan)
    is_new = queries.is_new(now, _GRACE)
    try:
        found = status.find_status(
            plan.source, plan.repository, plan.failure, is_new=is_new, log_fault=log_fault, caution=plan.caution
        )
    except OSError as error:
        found = status.unknown(f"{settings.backup_dir} cannot be read: {error.strerror}")
    publish(found)
    if found.last is None and not found.trouble:
        request_backup()
    if found.trouble and not queries.was_told(TROUBLE.name, now, _TOLD_EVERY):
        for user_id, address in queries.admins().items():
            mailing.tell(TROUBLE, user_id, address)


def _store_log(plan: Plan) -> str:
    """Store the log that the embedded server has put aside; return what kept it from being stored."""
    kept = plan.source.kept_wal
    if kept is None or not kept.is_dir() or not any(kept.iterdir()):
        return ""
    try:
        with one_line():
            Archive(plan.repository, plan.source.system).take_in(kept, seconds=_SECONDS_FOR_LOG)
    except BackupFailed as fault:
        return f"the log of the last minutes is not stored: {fault}"
    return ""
