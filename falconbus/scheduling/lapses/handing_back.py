"""Handing back the rides to come of those whose account was closed, or has lost the role, whoever did that."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import select, text

from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import OPEN, Appointment, AppointmentStatus
from falconbus.scheduling.dispatch import answering
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify, operators

_BATCH = 200
_CREWED = OPEN - {AppointmentStatus.PENDING}
_CANNOT = "NOT (person.active AND crew.part = ANY (person.roles))"
_CHARTERS = text(f"""
    SELECT crew.appointment_id, crew.staff_id, crew.part, person.active
    FROM assignments AS crew
    JOIN users AS person ON person.id = crew.staff_id
    JOIN appointments AS charter ON charter.id = crew.appointment_id
    WHERE crew.status IN ('offered', 'accepted') AND crew.starts_at > :now AND {_CANNOT}
      AND charter.status IN ('assigned', 'accepted', 'rejected')
    ORDER BY crew.appointment_id, crew.id LIMIT :limit
""")  # noqa: S608  all of it is ours
# The departure is locked before its crew, as where a crew is changed.
_DEPARTURES = text(f"""
    SELECT crew.id, crew.staff_id, crew.part, person.active, person.name, crew.schedule_id, route.name AS route_name,
           departure.departure_time, stop.time_zone
    FROM assignments AS crew
    JOIN users AS person ON person.id = crew.staff_id
    JOIN schedules AS departure ON departure.id = crew.schedule_id
    JOIN routes AS route ON route.id = departure.route_id
    JOIN stops AS stop ON stop.id = route.origin_id
    WHERE crew.status = 'accepted' AND crew.starts_at > :now AND {_CANNOT}
    ORDER BY departure.id, crew.id LIMIT :limit FOR UPDATE OF departure SKIP LOCKED
""")  # noqa: S608  all of it is ours
_DELETE = text("DELETE FROM assignments WHERE id = ANY (:ids) AND status = 'accepted' RETURNING id")


def hand_back() -> int:
    """Take those who cannot do them any more off the rides to come, and tell the office; return how many rides.

    Of a charter, what they have is rejected in their place, and its dispatcher acts; a departure is without them from
    now on, and the operators are told. Rides that somebody works on are left for the next run.
    """
    return sum(1 for _ in _hand_back_charters()) + _leave_departures()


def _hand_back_charters() -> Iterator[int]:
    rows = db.session.execute(_CHARTERS, {"now": clock.now(), "limit": _BATCH}).all()
    for appointment in _lock({row.appointment_id for row in rows}):
        if appointment.starts_at <= clock.now() or appointment.status not in _CREWED:
            continue
        for row in rows:
            if row.appointment_id == appointment.id:
                answering.hand_back(appointment, row.staff_id, _reason(row))
                yield appointment.id


def _lock(ids: set[int]) -> Sequence[Appointment]:
    statement = select(Appointment).where(Appointment.id.in_(ids)).order_by(Appointment.id)
    locked = statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalars(locked).all()


def _leave_departures() -> int:
    rows = db.session.execute(_DEPARTURES, {"now": clock.now(), "limit": _BATCH}).all()
    left_ids = set(db.session.scalars(_DELETE, {"ids": [row.id for row in rows]}))
    left = sorted((row for row in rows if row.id in left_ids), key=lambda row: (row.staff_id, row.departure_time))
    for staff_id, duties in groupby(left, key=lambda row: row.staff_id):
        _tell(staff_id, list(duties))
    return len(left)


def _tell(staff_id: int, duties: Sequence[AnyRow]) -> None:
    """Tell the operators which departures are without somebody now, and the person, should they still sign in."""
    first = duties[0]
    lines = [_describe(duty) for duty in duties]
    title = f"{first.name} is off {_count(duties)}: {_reason(first)}"
    notify(operators(), Message(kind=NotificationKind.LAPSED, title=title, message="\n".join(lines)))
    title = f"You are not on {_count(duties)} any more: {_reason(first)}"
    notify([staff_id], Message(kind=NotificationKind.UNROSTERED, title=title, message="\n".join(lines)))


def _count(duties: Sequence[AnyRow]) -> str:
    return "1 departure" if len(duties) == 1 else f"{len(duties)} departures"


def _reason(row: AnyRow) -> str:
    return f"the account no longer has the role {row.part}" if row.active else "the account is closed"


def _describe(duty: AnyRow) -> str:
    return f"{duty.route_name}, {formats.staff_moment(clock.local(duty.departure_time, duty.time_zone))} ({duty.part})"
