"""Every job has its task and its queue, and every queue somebody who empties it."""

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


def test_every_queue_is_consumed_by_the_procfile() -> None:
    line = re.search(r"^worker: .*--queues[ =](\S+)", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert line is not None
    assert set(line[1].split(",")) == set(Queue)


def test_beat_starts_every_periodic_job() -> None:
    assert set(celery.conf.beat_schedule) == {RELAY_TASK, *(each.name for each in periodic.PERIODIC)}
