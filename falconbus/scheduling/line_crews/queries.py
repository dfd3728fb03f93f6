"""Reads and locks of line schedules with their crews."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, select, text
from sqlalchemy.orm import aliased

from falconbus.accounts.models import User
from falconbus.network.models import Bus, Route, Stop
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.staff_records.models import StaffProfile
from falconbus.timetable.errors import ScheduleNotFound
from falconbus.timetable.models import Schedule
from falconbus.timetable.running import runs

_Origin, _Destination = aliased(Stop), aliased(Stop)
_IS_CREW = and_(Assignment.schedule_id == Schedule.id, Assignment.status == AssignmentStatus.ACCEPTED)
_COLUMNS = (
    Schedule.id,
    Route.name.label("route_name"),
    Schedule.departure_time,
    Schedule.arrival_time,
    _Origin.name.label("origin"),
    _Origin.time_zone.label("origin_zone"),
    _Destination.name.label("destination"),
    _Destination.time_zone.label("destination_zone"),
    Bus.number.label("bus_number"),
)


def lock_schedule(schedule_id: int) -> Schedule:
    """Lock a schedule until the transaction ends, and return it as it is now; ScheduleNotFound."""
    statement = select(Schedule).where(Schedule.id == schedule_id).with_for_update()
    schedule = db.session.scalar(statement.execution_options(populate_existing=True))
    if schedule is None:
        raise ScheduleNotFound
    return schedule


def get_places(route_id: int) -> Places:
    """Return the stops where a route's departures begin and end."""
    row = db.session.execute(select(Route.origin_id, Route.destination_id).where(Route.id == route_id)).one()
    return Places(row.origin_id, row.destination_id)


def schedule_crew(schedule_id: int) -> Sequence[AnyRow]:
    """Return a schedule with its crew, a row per member, the driver first; one row without member if it has none."""
    statement = (
        _with_joins(
            select(
                *_COLUMNS,
                User.id.label("staff_id"),
                User.name.label("staff_name"),
                StaffProfile.phone,
                Assignment.part,
            )
        )
        .outerjoin(Assignment, _IS_CREW)
        .outerjoin(User, User.id == Assignment.staff_id)
        .outerjoin(StaffProfile, StaffProfile.staff_id == User.id)
        .where(Schedule.id == schedule_id)
        .order_by(Assignment.part.desc(), Assignment.id)
    )
    return db.session.execute(statement).all()


def schedule_assignments(schedule_id: int) -> list[Assignment]:
    """Return the accepted assignments to a schedule; the caller holds its lock."""
    statement = select(Assignment).where(
        Assignment.schedule_id == schedule_id, Assignment.status == AssignmentStatus.ACCEPTED
    )
    return list(db.session.scalars(statement.order_by(Assignment.id).execution_options(populate_existing=True)))


def delete_assignments(ids: Sequence[int]) -> None:
    """Delete assignments to line schedules, so that they do not keep the schedules from being deleted."""
    db.session.execute(delete(Assignment).where(Assignment.id.in_(ids)))


def uncrewed(begin: datetime, end: datetime) -> AnySelect:
    """Return the select of departures from `begin` to `end` (exclusive) that run, without a driver; by time."""
    has_driver = select(Assignment.id).where(_IS_CREW, Assignment.part == CrewRole.DRIVER).exists()
    return (
        _with_joins(select(*_COLUMNS))
        .where(Schedule.departure_time >= begin, Schedule.departure_time < end)
        .where(text(runs()), ~has_driver)
        .order_by(Schedule.departure_time, Schedule.id)
    )


def _with_joins(statement: AnySelect) -> AnySelect:
    return (
        statement.select_from(Schedule)
        .join(Route, Route.id == Schedule.route_id)
        .join(Bus, Bus.id == Schedule.bus_id)
        .join(_Origin, _Origin.id == Route.origin_id)
        .join(_Destination, _Destination.id == Route.destination_id)
    )
