"""The schedule of beat. A run takes its time slot in the database, so a second beat finds it taken."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery.schedules import crontab

from falconbus.checkout import sweeping
from falconbus.disruptions import change_notices as travellers
from falconbus.performance.advisor import service as advisor
from falconbus.performance.backups import service as backups
from falconbus.performance.release_comparison import service as verdicts
from falconbus.platform import jobs, periodic_slots
from falconbus.platform.caching import maintenance
from falconbus.platform.jobs import RELAY_TASK, Queue, celery
from falconbus.platform.telemetry import plans, rollup
from falconbus.platform.web import idempotency
from falconbus.scheduling.appointments import departures
from falconbus.scheduling.dispatch import closing, escalation
from falconbus.scheduling.lapses import handing_back, noting
from falconbus.scheduling.line_crews import change_notices as crews
from falconbus.scheduling.notifications import trimming as notifications


@dataclass(frozen=True, slots=True)
class Periodic:
    """A periodic job: the length of its slot, its use case, and when it runs (each slot unless a crontab is given).

    What sells and pays depends on is `CRITICAL`: it has a worker of its own, and ends within its slot, so that the next
    run never waits for it.
    """

    name: str
    every: timedelta
    use_case: Callable[[], Any]
    at: crontab | None = None
    queue: Queue = Queue.DEFAULT

    @property
    def limits(self) -> dict[str, float]:
        """The task's time limits."""
        seconds = self.every.total_seconds()
        return {"soft_time_limit": 0.8 * seconds, "time_limit": 0.9 * seconds} if self.queue is Queue.CRITICAL else {}

    @property
    def expires(self) -> float:
        """How many seconds its message may wait.

        Of many that have waited the first takes the slot and the others end at once. Were they discarded after a slot,
        a queue that makes each wait longer than that would never run the job.
        """
        return max(self.every.total_seconds(), 3600)


PERIODIC = (
    Periodic("checkout.expire_holds", timedelta(seconds=30), sweeping.expire_holds, queue=Queue.CRITICAL),
    Periodic("checkout.reconcile_payments", timedelta(minutes=1), sweeping.reconcile_payments, queue=Queue.CRITICAL),
    Periodic("checkout.reconcile_refunds", timedelta(minutes=1), sweeping.reconcile_refunds, queue=Queue.CRITICAL),
    # Once a night; the later hours are for a night whose first run failed.
    Periodic("timetable.make_schedules", timedelta(days=1), departures.make_schedules, crontab(hour="2-5", minute=10)),
    Periodic("scheduling.tell_crews", timedelta(minutes=1), crews.notify_crew_changes),
    Periodic("disruptions.tell_travellers", timedelta(minutes=1), travellers.tell_travellers),
    Periodic("scheduling.escalate", timedelta(minutes=1), escalation.escalate),
    Periodic("scheduling.hand_back", timedelta(minutes=1), handing_back.hand_back),
    Periodic("scheduling.note_lapses", timedelta(minutes=1), noting.note_lapses),
    Periodic("scheduling.note_clashes", timedelta(hours=1), noting.note_clashes),
    Periodic("scheduling.close_ended", timedelta(minutes=5), closing.close_ended),
    Periodic("caching.keep_warm", timedelta(seconds=15), maintenance.keep_warm),
    Periodic("caching.trim", timedelta(days=1), maintenance.trim, crontab(hour="2-5", minute=40)),
    Periodic("telemetry.roll_up", timedelta(seconds=30), rollup.roll_up),
    Periodic("telemetry.trim", timedelta(hours=1), rollup.trim, crontab(minute=35)),
    Periodic("telemetry.explain_slow", timedelta(minutes=5), plans.explain_slow),
    Periodic("performance.advise_on_suspects", timedelta(hours=1), advisor.advise, crontab(minute=50)),
    Periodic("performance.check_advice", timedelta(minutes=5), advisor.check_applied),
    Periodic("performance.judge_release", timedelta(minutes=10), verdicts.compare_new_release),
    # By night, and tried again every quarter of an hour until it is done.
    Periodic("backups.request", timedelta(days=1), backups.request_backup, crontab(hour="1-4", minute=5)),
    Periodic("backups.watch", timedelta(seconds=30), backups.watch),
    Periodic("notifications.trim", timedelta(days=1), notifications.trim, crontab(hour="2-5", minute=30)),
    Periodic("jobs.trim", timedelta(hours=1), jobs.trim, crontab(minute=20)),
    Periodic("jobs.trim_slots", timedelta(hours=1), periodic_slots.trim, crontab(minute=15)),
    Periodic("idempotency.trim", timedelta(hours=1), idempotency.trim, crontab(minute=25)),
)


def task_of(periodic: Periodic) -> Callable[[], None]:
    """Return a task that runs a periodic job unless its slot is taken."""

    def run() -> None:
        if periodic_slots.take_slot(periodic.name, periodic.every, periodic_slots.database_time()):
            periodic.use_case()

    return run


for _periodic in PERIODIC:
    celery.task(task_of(_periodic), name=_periodic.name, **_periodic.limits)

celery.conf.beat_schedule = {
    # The relay needs no slot: SKIP LOCKED lets any number of them work side by side.
    RELAY_TASK: {"task": RELAY_TASK, "schedule": 3, "options": {"queue": Queue.CRITICAL, "expires": 10}},
    **{
        periodic.name: {
            "task": periodic.name,
            "schedule": periodic.at or periodic.every,
            "options": {"queue": periodic.queue, "expires": periodic.expires},
        }
        for periodic in PERIODIC
    },
}
