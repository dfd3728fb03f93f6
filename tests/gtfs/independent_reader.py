"""A second reader of GTFS, written from its reference alone, to compare what an import has made with.

It shares nothing with the import: csv, dates, and every row in memory.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from zoneinfo import ZoneInfo

Row = dict[str, str]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass
class Call:
    """A call of a trip; seconds of the service day, None where the feed leaves them out."""

    stop: str
    arrival: int | None
    departure: int | None


@dataclass
class Ride:
    """What one coach does without a change: a trip, or several that are joined; `starts` in seconds."""

    trip: str
    service: str
    calls: list[Call]
    starts: list[int] = field(default_factory=list)


class IndependentReader:
    """A feed's stops, rides and departures."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            self._tables = {
                name: list(csv.DictReader(io.TextIOWrapper(archive.open(f"{name}.txt"), "utf-8-sig")))
                for name in ("agency", "stops", "trips", "stop_times", "calendar", "calendar_dates", "frequencies")
                if f"{name}.txt" in names
            }
        self._stops = {row["stop_id"]: row for row in self._tables["stops"]}
        self.zone = self._tables["agency"][0]["agency_timezone"]
        self.stops = sum(row.get("location_type") in {None, "", "0"} for row in self._tables["stops"])
        self.rides = [ride for ride in self._join(self._trips()) if len(ride.calls) > 1 and _lasts_a_minute(ride)]

    @property
    def timetables(self) -> int:
        return sum(len(ride.starts) for ride in self.rides)

    @property
    def patterns(self) -> int:
        """The number of distinct lists of stops of each route."""
        routes = {row["trip_id"]: row["route_id"] for row in self._tables["trips"]}
        return len({(routes[ride.trip], *(call.stop for call in ride.calls)) for ride in self.rides})

    def departures(self, first: date, days: int, weeks: int) -> set[tuple[str, datetime]]:
        """The trips and instants that leave on these service days, all dates moved by so many weeks."""
        found = set()
        for day in (first + timedelta(days=number) for number in range(days)):
            noon = datetime.combine(day, time(12), ZoneInfo(self.zone)).astimezone(UTC)
            for ride in self.rides:
                if self.runs(ride.service, day - timedelta(weeks=weeks)):
                    found |= {(ride.trip, noon + timedelta(seconds=start // 60 * 60 - 43200)) for start in ride.starts}
        return found

    def runs(self, service: str, day: date) -> bool:
        for row in self._tables.get("calendar_dates", ()):
            if row["service_id"] == service and row["date"] == f"{day:%Y%m%d}":
                return row["exception_type"] == "1"
        return any(
            row["start_date"] <= f"{day:%Y%m%d}" <= row["end_date"] and row[_WEEKDAYS[day.weekday()]] == "1"
            for row in self._tables.get("calendar", ())
            if row["service_id"] == service
        )

    def _trips(self) -> list[Ride]:
        calls: dict[str, list[Row]] = defaultdict(list)
        for row in self._tables["stop_times"]:
            calls[row["trip_id"]].append(row)
        rides = []
        for trip in self._tables["trips"]:
            ordered = sorted(calls[trip["trip_id"]], key=lambda row: int(row["stop_sequence"]))
            read = [Call(row["stop_id"], *_times(row)) for row in ordered]
            ride = Ride(trip["trip_id"], trip["service_id"], read)
            ride.starts = sorted(set(self._frequent(ride.trip))) or [call.departure or 0 for call in read[:1]]
            rides.append(ride)
        return rides

    def _frequent(self, trip: str) -> Iterator[int]:
        for row in self._tables.get("frequencies", ()):
            if row["trip_id"] == trip:
                yield from range(_seconds(row["start_time"]), _seconds(row["end_time"]), int(row["headway_secs"]))

    def _join(self, rides: list[Ride]) -> list[Ride]:
        """Join what a block's vehicle does next within half an hour, from the same stop, to places farther away."""
        blocks: dict[tuple[str, str], list[Ride]] = defaultdict(list)
        of_trip = {row["trip_id"]: row.get("block_id") or "" for row in self._tables["trips"]}
        frequent = {row["trip_id"] for row in self._tables.get("frequencies", ())}
        for ride in rides:
            if of_trip[ride.trip] and ride.trip not in frequent and len(ride.calls) > 1:
                blocks[of_trip[ride.trip], ride.service].append(ride)
        gone = set()
        for block in blocks.values():
            block.sort(key=lambda ride: ride.starts[0])
            head = block[0]
            for ride in block[1:]:
                if self._goes_on(head, ride):
                    head.calls[-1].departure = ride.calls[0].departure
                    head.calls += ride.calls[1:]
                    gone.add(ride.trip)
                else:
                    head = ride
        return [ride for ride in rides if ride.trip not in gone]

    def _goes_on(self, head: Ride, ride: Ride) -> bool:
        wait = ride.starts[0] - (head.calls[-1].arrival or 0)
        been = {self._stops[call.stop]["stop_name"].casefold() for call in head.calls}
        goes = {self._stops[call.stop]["stop_name"].casefold() for call in ride.calls[1:]}
        origin, here, there = head.calls[0].stop, head.calls[-1].stop, ride.calls[-1].stop
        is_near = here == ride.calls[0].stop and 0 <= wait <= 1800
        return is_near and not been & goes and self._metres(origin, there) > self._metres(origin, here)

    def _metres(self, one: str, other: str) -> float:
        """The great circle between two stops (haversine)."""
        (a, b), (c, d) = (
            (radians(float(row["stop_lat"])), radians(float(row["stop_lon"])))
            for row in (self._stops[one], self._stops[other])
        )
        return 2 * 6371008.8 * asin(sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2))


def _times(row: Row) -> tuple[int | None, int | None]:
    arrival, departure = row["arrival_time"] or row["departure_time"], row["departure_time"] or row["arrival_time"]
    return (_seconds(arrival), _seconds(departure)) if arrival else (None, None)


def _seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.strip().split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _lasts_a_minute(ride: Ride) -> bool:
    start, end = ride.calls[0].departure, ride.calls[-1].arrival
    return start is not None and end is not None and end // 60 > start // 60
