"""The conditions of single rides to come, as statements: each row is one that does not hold.

All give the same columns, which Subject names; what is not of a kind is NULL.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause, null, select, text

from falconbus.network.models import Bus, Route, Stop
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.lapses.models import LapseKind
from falconbus.timetable.models import Schedule
from falconbus.timetable.running import runs


@dataclass(frozen=True, slots=True)
class Subject:
    """What does not hold, and of which ride: a charter by its reference, or a departure by its route."""

    kind: LapseKind
    staff_id: int | None
    staff_name: str | None
    bus_id: int | None
    bus_number: str | None
    appointment_id: int | None
    reference: str | None
    schedule_id: int | None
    route_name: str | None
    starts_at: datetime
    time_zone: str


# Charters to come; `{condition}` says which of them.
_CHARTERS = """
    SELECT NULL::int AS staff_id, NULL AS staff_name, charter.bus_id, bus.number AS bus_number,
           charter.id AS appointment_id, charter.reference, NULL::bigint AS schedule_id, NULL AS route_name,
           charter.starts_at, charter.time_zone
    FROM appointments AS charter LEFT JOIN buses AS bus ON bus.id = charter.bus_id
    WHERE {condition}
    ORDER BY charter.starts_at, charter.id
"""
_CHARTERS_WITHOUT_BUS = text(
    _CHARTERS.format(
        condition="NOT bus.active AND charter.starts_at > :now"
        " AND charter.status IN ('pending', 'assigned', 'accepted', 'rejected')"
    )
)
_UNSERVED = text(
    _CHARTERS.format(
        condition="charter.status IN ('pending', 'assigned', 'rejected')"
        " AND charter.starts_at <= :now AND charter.ends_at > :now"
    )
)
# A coach comes home late, and its driver has their hands full: two hours are theirs.
_NOT_CLOSED = text(
    _CHARTERS.format(
        condition="charter.status IN ('accepted', 'in_progress')"
        " AND charter.ends_at <= CAST(:now AS timestamptz) - interval '2 hours'"
    )
)
# Rides to come that somebody is on, or is asked for.
_DUTIES = """
    SELECT crew.staff_id, person.name AS staff_name, NULL::int AS bus_id, NULL AS bus_number,
           crew.appointment_id, charter.reference, crew.schedule_id, route.name AS route_name,
           crew.starts_at, coalesce(charter.time_zone, stop.time_zone) AS time_zone
    FROM assignments AS crew
    JOIN users AS person ON person.id = crew.staff_id
    LEFT JOIN appointments AS charter ON charter.id = crew.appointment_id
    LEFT JOIN schedules AS departure ON departure.id = crew.schedule_id
    LEFT JOIN routes AS route ON route.id = departure.route_id
    LEFT JOIN stops AS stop ON stop.id = route.origin_id
    WHERE crew.status IN ('offered', 'accepted') AND crew.starts_at > :now AND person.active AND {condition}
    ORDER BY crew.starts_at, crew.id
"""
_LAST_DAY = "CAST((crew.ends_at - interval '1 microsecond') AT TIME ZONE :zone AS date)"
# Of each kind the latest licence counts, as in eligibility.policy.licences_hold.
_LICENCES_OVER = text(
    _DUTIES.format(
        condition=f"""crew.part = 'driver' AND {_LAST_DAY} > ALL (
            SELECT coalesce(min(latest.expires_on), '-infinity') FROM (
                SELECT max(expires_on) AS expires_on FROM licences
                WHERE staff_id = crew.staff_id GROUP BY kind) AS latest
        )"""  # noqa: S608
    )
)
_ON_LEAVE = text(
    _DUTIES.format(
        condition=f"""EXISTS (
            SELECT FROM leaves WHERE staff_id = crew.staff_id AND first_day <= {_LAST_DAY}
               AND last_day >= CAST(crew.starts_at AT TIME ZONE :zone AS date)
        )"""
    )
)


def find_lapses() -> Iterator[Subject]:
    """Find all that does not hold of single rides to come, each kind by time."""
    for kind, read in _READS:
        yield from subjects(kind, read())


def subjects(kind: LapseKind, rows: Iterable[AnyRow]) -> Iterator[Subject]:
    """Make the subjects of a kind from rows with the columns of all kinds."""
    for row in rows:
        yield Subject(
            kind=kind,
            staff_id=row.staff_id,
            staff_name=row.staff_name,
            bus_id=row.bus_id,
            bus_number=row.bus_number,
            appointment_id=row.appointment_id,
            reference=row.reference,
            schedule_id=row.schedule_id,
            route_name=row.route_name,
            starts_at=row.starts_at,
            time_zone=row.time_zone,
        )


def _departures_without_bus() -> list[AnyRow]:
    """Return departures to come that run, and whose bus is out of service."""
    statement = (
        select(
            null().label("staff_id"),
            null().label("staff_name"),
            Schedule.bus_id,
            Bus.number.label("bus_number"),
            null().label("appointment_id"),
            null().label("reference"),
            Schedule.id.label("schedule_id"),
            Route.name.label("route_name"),
            Schedule.departure_time.label("starts_at"),
            Stop.time_zone,
        )
        .join(Bus, Bus.id == Schedule.bus_id)
        .join(Route, Route.id == Schedule.route_id)
        .join(Stop, Stop.id == Route.origin_id)
        .where(~Bus.active, Schedule.departure_time > clock.now(), text(runs()))
        .order_by(Schedule.departure_time, Schedule.id)
    )
    return list(db.session.execute(statement))


def _reading(statement: TextClause) -> Callable[[], list[AnyRow]]:
    """Return a read of a statement at the present time, in the office's time zone."""

    def read() -> list[AnyRow]:
        values = {"now": clock.now(), "zone": get_settings().time_zone}
        return list(db.session.execute(statement, {name: values[name] for name in statement.compile().params}))

    return read


_READS: tuple[tuple[LapseKind, Callable[[], list[AnyRow]]], ...] = (
    (LapseKind.BUS_OUT_OF_SERVICE, _departures_without_bus),
    (LapseKind.BUS_OUT_OF_SERVICE, _reading(_CHARTERS_WITHOUT_BUS)),
    (LapseKind.LICENCE_EXPIRED, _reading(_LICENCES_OVER)),
    (LapseKind.ON_LEAVE, _reading(_ON_LEAVE)),
    (LapseKind.UNSERVED, _reading(_UNSERVED)),
    (LapseKind.NOT_CLOSED, _reading(_NOT_CLOSED)),
)
