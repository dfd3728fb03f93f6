"""The schedule of beat. A run takes its time slot in the database, so a second beat finds it taken."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery.schedules import crontab

from falconbus.checkout import sweeping
from falconbus.disruptions import change_notices as travellers
from falconbus.performance.advisor import service as advisor
from falconbus.performance.release_comparison import service as verdicts
from falconbus.platform import jobs
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
    """A periodic job: the length of its slot, its use case, and when it runs (each slot unless a crontab is given)."""

    name: str
    every: timedelta
    use_case: Callable[[], Any]
    at: crontab | None = None


PERIODIC = (
    Periodic("checkout.expire_holds", timedelta(seconds=30), sweeping.expire_holds),
    Periodic("checkout.reconcile_payments", timedelta(minutes=1), sweeping.reconcile_payments),
    Periodic("checkout.reconcile_refunds", timedelta(minutes=1), sweeping.reconcile_refunds),
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
    Periodic("notifications.trim", timedelta(days=1), notifications.trim, crontab(hour="2-5", minute=30)),
    Periodic("jobs.trim", timedelta(hours=1), jobs.trim, crontab(minute=20)),
    Periodic("idempotency.trim", timedelta(hours=1), idempotency.trim, crontab(minute=25)),
)


def task_of(periodic: Periodic) -> Callable[[], None]:
    """Return a task that runs a periodic job unless its slot is taken."""

    def run() -> None:
        if jobs.take_slot(periodic.name, periodic.every):
            periodic.use_case()

    return run


for _periodic in PERIODIC:
    celery.task(task_of(_periodic), name=_periodic.name)

celery.conf.beat_schedule = {
    # The relay needs no slot: SKIP LOCKED lets any number of them work side by side.
    RELAY_TASK: {"task": RELAY_TASK, "schedule": 3, "options": {"queue": Queue.CRITICAL, "expires": 10}},
    **{
        periodic.name: {
            "task": periodic.name,
            "schedule": periodic.at or periodic.every,
            "options": {"queue": Queue.DEFAULT, "expires": periodic.every.total_seconds()},
        }
        for periodic in PERIODIC
    },
}
