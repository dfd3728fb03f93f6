"""Rides that are still under way when they are to begin again: one timetable for each bus that they need."""

from collections.abc import Iterator

from falconbus.gtfs.importing.bus_assignment import EVERY_DAY, TURNAROUND_MINUTES
from falconbus.gtfs.importing.database import analyze, copy_rows, execute
from falconbus.gtfs.importing.keys import OURS
from falconbus.gtfs.report import Report

_DAY = 24 * 60
_DAYS_A_WEEK = 7

# The weekdays of a service are those of its rule and of the dates that are added.
_LONG = f"""
    SELECT timetable.number, timetable.service_id, trip.trip_id, timetable.trip AS line, lasts.minutes,
           service.weekdays | coalesce((
               SELECT bit_or(1 << (extract(isodow FROM exception.day)::int - 1)) FROM feed_exceptions AS exception
               WHERE exception.service_id = timetable.service_id AND exception.runs), 0) AS weekdays
    FROM feed_timetables AS timetable
    JOIN feed_trips AS trip ON trip.line = timetable.trip
    JOIN feed_services AS service ON service.service_id = timetable.service_id
    CROSS JOIN LATERAL (
        SELECT timetable.arrivals[cardinality(timetable.arrivals)] + {TURNAROUND_MINUTES} AS minutes) AS lasts
    WHERE lasts.minutes > {_DAY} ORDER BY timetable.number
"""  # noqa: S608  constants
_SERVICES = f"""
    INSERT INTO feed_services (service_id, feed_key, weekdays, valid_from, valid_until)
    SELECT DISTINCT service_id || {OURS} || mask, feed_key || {OURS} || mask, (weekdays & mask)::smallint,
           valid_from, valid_until
    FROM feed_pieces JOIN feed_services USING (service_id)
"""  # noqa: S608
_EXCEPTIONS = f"""
    INSERT INTO feed_exceptions (service_id, day, runs)
    SELECT DISTINCT service_id || {OURS} || mask, day, runs
    FROM feed_pieces JOIN feed_exceptions USING (service_id)
    WHERE mask & (1 << (extract(isodow FROM day)::int - 1)) <> 0
"""  # noqa: S608
_COPIES = f"""
    INSERT INTO feed_timetables (number, trip, pattern, service_id, block_id, time_zone, feed_key, name,
                                 departure_minutes, arrivals, departures, boards, alights)
    SELECT last.number + row_number() OVER (ORDER BY timetable.number, piece.mask), trip, pattern,
           timetable.service_id || {OURS} || piece.mask, block_id, time_zone, feed_key || {OURS} || piece.mask, name,
           departure_minutes, arrivals, departures, boards, alights
    FROM feed_pieces AS piece JOIN feed_timetables AS timetable USING (number)
    CROSS JOIN (SELECT max(number) AS number FROM feed_timetables) AS last
    WHERE NOT piece.is_first
"""  # noqa: S608
_FIRST = f"""
    UPDATE feed_timetables AS timetable SET service_id = timetable.service_id || {OURS} || piece.mask
    FROM feed_pieces AS piece WHERE piece.number = timetable.number AND piece.is_first
"""  # noqa: S608


def split_long_rides(report: Report) -> None:
    """Divide the days of rides of a day and longer among as many timetables as they need buses.

    A ride that is under way for longer than a week is refused by name: each week's bus would be a new one.
    """
    pieces = []
    for ride in execute(_LONG).all():
        days_away = -(-ride.minutes // _DAY)
        if days_away > _DAYS_A_WEEK:
            wrong = f"trip {ride.trip_id[:40]} and turning round take {days_away} days"
            report.add_fault("trips.txt", ride.line, wrong, f"give it {_DAYS_A_WEEK} at most, or leave it out")
            continue
        masks = list(divide_days(ride.weekdays or EVERY_DAY, days_away))
        if len(masks) > 1:
            pieces += [(ride.number, ride.service_id, mask, place == 0) for place, mask in enumerate(masks)]
    if not pieces:
        return
    execute(
        "CREATE TEMPORARY TABLE feed_pieces (number int, service_id text, mask int, is_first boolean) ON COMMIT DROP"
    )
    copy_rows("feed_pieces", ("number", "service_id", "mask", "is_first"), pieces)
    for statement in (_SERVICES, _EXCEPTIONS, _COPIES, _FIRST):
        execute(statement)
    analyze("feed_services", "feed_exceptions", "feed_timetables")
    count = len({number for number, *_ in pieces})
    report.note(f"{count} trips of a day and longer begin again before they are back: they have several buses each")


def divide_days(weekdays: int, days_away: int) -> Iterator[int]:
    """Yield bit masks of weekdays, one for each bus: on its days it is back before it leaves again."""
    groups: list[list[int]] = []
    for day in (day for day in range(_DAYS_A_WEEK) if weekdays >> day & 1):
        for group in groups:
            if all(min(day - other, other + _DAYS_A_WEEK - day) >= days_away for other in group):
                group.append(day)
                break
        else:
            groups.append([day])
    for group in groups:
        yield sum(1 << day for day in group)
