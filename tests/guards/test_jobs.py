"""Every job has its task and its queue, and every queue somebody who empties it."""

import math
import re
from pathlib import Path

import pytest

from falconbus.platform import jobs
from falconbus.platform.jobs import RELAY_TASK, Queue, celery
from workers import periodic, tasks

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("migrated_app")
def test_every_job_is_a_task_and_every_task_a_job() -> None:
    assert tasks.IMPORT_LIMIT_SECONDS > 0
    registered = {name for name in celery.tasks if not name.startswith("celery.")}
    assert {type(name) for name in registered} == {str}, "telemetry packs names, and no subclass of str"
    assert registered == {
        *(job.name for job in jobs.registered()),
        RELAY_TASK,
        *(each.name for each in periodic.PERIODIC),
    }


def queues_of(process: str) -> set[str]:
    """What a worker of the Procfile takes from."""
    line = re.search(rf"^{process}: .*--queues[ =](\S+)", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert line is not None
    return set(line[1].split(","))


def test_every_queue_is_consumed_by_the_procfile() -> None:
    assert queues_of("worker") | queues_of("worker-critical") == set(Queue)


@pytest.mark.usefixtures("migrated_app")
def test_what_sells_and_pays_has_a_worker_that_nothing_else_may_hold() -> None:
    assert queues_of("worker-critical") == {Queue.CRITICAL}
    assert Queue.CRITICAL not in queues_of("worker")
    assert [job.name for job in jobs.registered() if job.queue is Queue.CRITICAL] == []
    critical = [each for each in periodic.PERIODIC if each.queue is Queue.CRITICAL]
    assert {each.name for each in critical} == {
        "checkout.expire_holds", "checkout.reconcile_payments", "checkout.reconcile_refunds",
    }  # fmt: skip
    for each in critical:
        limit = celery.tasks[each.name].time_limit
        assert limit < each.every.total_seconds(), "it ends before its next run"
        assert celery.conf.beat_schedule[each.name]["options"]["queue"] is Queue.CRITICAL
    assert celery.conf.beat_schedule[RELAY_TASK]["options"]["queue"] is Queue.CRITICAL


#: Jobs that extend their lease themselves.
LONG = {"backups.take", "gtfs.import_feed", "performance.advise", "performance.compare"}


@pytest.mark.usefixtures("migrated_app")
def test_a_job_ends_within_its_lease_or_extends_it() -> None:
    for job in jobs.registered():
        limit = celery.tasks[job.name].time_limit or math.inf
        assert (limit < jobs.LEASE.total_seconds()) != (job.name in LONG), job.name


def test_beat_starts_every_periodic_job() -> None:
    assert set(celery.conf.beat_schedule) == {RELAY_TASK, *(each.name for each in periodic.PERIODIC)}
