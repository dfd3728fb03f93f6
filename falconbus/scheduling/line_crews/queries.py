"""Reading and locking line schedules with their crews."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import aliased

from falconbus.accounts.models import User
from falconbus.network.models import Bus, Route, Stop
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, Part
from falconbus.scheduling.staff_records.models import StaffProfile
from falconbus.timetable import occupancy
from falconbus.timetable.errors import ScheduleNotFound
from falconbus.timetable.models import Schedule

_Origin, _Destination = aliased(Stop), aliased(Stop)
_ON_IT = and_(Assignment.schedule_id == Schedule.id, Assignment.status == AssignmentStatus.ACCEPTED)
_FACTS = (
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
    """A schedule as it is now, whose crew nobody else changes until our transaction ends; ScheduleNotFound."""
    statement = select(Schedule).where(Schedule.id == schedule_id).with_for_update()
    schedule = db.session.scalar(statement.execution_options(populate_existing=True))
    if schedule is None:
        raise ScheduleNotFound
    return schedule


def schedule_crew(schedule_id: int) -> Sequence[AnyRow]:
    """A schedule, a row for each of its crew, the driver first; one without a person when nobody is on it."""
    statement = (
        _with_facts(
            select(
                *_FACTS,
                User.id.label("staff_id"),
                User.name.label("staff_name"),
                StaffProfile.phone,
                Assignment.part,
            )
        )
        .outerjoin(Assignment, _ON_IT)
        .outerjoin(User, User.id == Assignment.staff_id)
        .outerjoin(StaffProfile, StaffProfile.staff_id == User.id)
        .where(Schedule.id == schedule_id)
        .order_by(Assignment.part.desc(), Assignment.id)
    )
    return db.session.execute(statement).all()


def on_schedule(schedule_id: int) -> list[Assignment]:
    """Who is on a schedule; the caller holds its lock."""
    statement = select(Assignment).where(
        Assignment.schedule_id == schedule_id, Assignment.status == AssignmentStatus.ACCEPTED
    )
    return list(db.session.scalars(statement.order_by(Assignment.id).execution_options(populate_existing=True)))


def delete_assignments(ids: Sequence[int]) -> None:
    """Take people off line schedules: what refers to no schedule any more lets it be deleted."""
    db.session.execute(delete(Assignment).where(Assignment.id.in_(ids)))


def uncrewed(begin: datetime, end: datetime) -> AnySelect:
    """Departures from `begin` up to, not with, `end` that are on sale or sold, and have no driver; by time."""
    has_driver = select(Assignment.id).where(_ON_IT, Assignment.part == Part.DRIVER).exists()
    sold = occupancy.seats().sold()
    is_sold = sold.where(sold.selected_columns.schedule_id == Schedule.id)
    return (
        _with_facts(select(*_FACTS))
        .where(Schedule.departure_time >= begin, Schedule.departure_time < end)
        .where(or_(Schedule.active, is_sold.exists()), ~has_driver)
        .order_by(Schedule.departure_time, Schedule.id)
    )


def _with_facts(statement: AnySelect) -> AnySelect:
    return (
        statement.select_from(Schedule)
        .join(Route, Route.id == Schedule.route_id)
        .join(Bus, Bus.id == Schedule.bus_id)
        .join(_Origin, _Origin.id == Route.origin_id)
        .join(_Destination, _Destination.id == Route.destination_id)
    )
