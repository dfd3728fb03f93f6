"""Whether a bus can do a ride beside its others: not two at a time, and there in time from the one before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text

from falconbus.network.models import Bus, Route
from falconbus.platform.database.engine import db
from falconbus.platform.kit.settings import get_settings
from falconbus.timetable import occupancy
from falconbus.timetable.errors import BusOnDeparture, BusTooFar
from falconbus.timetable.models import Schedule
from falconbus.timetable.running import runs

#: Rides within this time before and after one are looked at; none lasts longer.
_LOOK_AROUND = timedelta(days=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class BusRide:
    """A ride that a bus is wanted for. Places are None where it begins or ends at no stop.

    What the bus has of this ride already does not count: the departure's key, or the charter's reference.
    """

    bus_id: int
    starts_at: datetime
    ends_at: datetime
    origin_stop_id: int | None
    destination_stop_id: int | None
    schedule_id: int | None = None
    reference: str | None = None
    #: Another departure of this route at the same time is the unique rule's business.
    route_id: int | None = None


def check_departure(schedule: Schedule) -> None:
    """Check that the bus of a departure can do it beside its other rides; BusOnDeparture, BusTooFar.

    It locks the bus until the end of the transaction: of two that want it at once, the second sees the first's ride.
    Charters at the same time are refused by the database (docs/decisions/overlaps.md).
    """
    route = db.session.get_one(Route, schedule.route_id)
    check(
        BusRide(
            bus_id=schedule.bus_id,
            starts_at=schedule.departure_time,
            ends_at=schedule.arrival_time,
            origin_stop_id=route.origin_id,
            destination_stop_id=route.destination_id,
            schedule_id=schedule.id,
            route_id=route.id,
        )
    )


def check(ride: BusRide) -> None:
    """Check that a bus can do a ride beside its others, and lock it; BusOnDeparture, BusTooFar."""
    lock(ride.bus_id)
    values = {
        "bus_id": ride.bus_id,
        "begins": ride.starts_at,
        "ends": ride.ends_at,
        "since": ride.starts_at - _LOOK_AROUND,
        "until": ride.ends_at + _LOOK_AROUND,
        "origin_stop_id": ride.origin_stop_id,
        "destination_stop_id": ride.destination_stop_id,
        "schedule_id": ride.schedule_id,
        "reference": ride.reference,
        "route_id": ride.route_id,
        "travel_kmh": get_settings().travel_kmh,
    }
    statement = text(_CLASH.format(bus_times=occupancy.bus_times(), runs=runs("departure")))
    clash = db.session.execute(statement, values).one()
    if clash.is_on_departure:
        raise BusOnDeparture(pointer="/bus_id")
    if clash.is_too_far:
        raise BusTooFar(pointer="/bus_id")


def lock(bus_id: int) -> None:
    """Lock a bus against others who want it by hand; feeds and the nightly job go on (FOR NO KEY UPDATE)."""
    db.session.execute(select(Bus.id).where(Bus.id == bus_id).with_for_update(key_share=True))


_CLASH = """
    WITH ride AS (
        SELECT departure.departure_time AS starts_at, departure.arrival_time AS ends_at,
               route.origin_id AS origin_stop_id, route.destination_id AS destination_stop_id, true AS is_departure
        FROM schedules AS departure JOIN routes AS route ON route.id = departure.route_id
        WHERE departure.bus_id = :bus_id AND {runs}
          AND departure.departure_time > :since AND departure.departure_time < :until
          AND departure.id IS DISTINCT FROM CAST(:schedule_id AS bigint)
          AND (departure.departure_time = :begins AND departure.route_id = CAST(:route_id AS int)) IS NOT TRUE
        UNION ALL
        SELECT starts_at, ends_at, origin_stop_id, destination_stop_id, false
        FROM ({bus_times}) AS charter
        WHERE bus_time && owner_time(CAST(:bus_id AS int), :since, :until)
          AND reference IS DISTINCT FROM CAST(:reference AS text)
    )
    SELECT coalesce(bool_or(is_departure AND starts_at < :ends AND ends_at > :begins), false) AS is_on_departure,
           coalesce((SELECT too_far(destination_stop_id, :origin_stop_id, :begins - ends_at, :travel_kmh)
                     FROM ride WHERE ends_at <= :begins ORDER BY ends_at DESC LIMIT 1), false)
           OR coalesce((SELECT too_far(:destination_stop_id, origin_stop_id, starts_at - :ends, :travel_kmh)
                        FROM ride WHERE starts_at >= :ends ORDER BY starts_at LIMIT 1), false) AS is_too_far
    FROM ride
"""
