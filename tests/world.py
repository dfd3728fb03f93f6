"""A small bus line for tests: three stops, one route, one coach, departures as asked. Other lines run beside it."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from falconbus.network.models import Bus, FareClass, Route, RouteStop, Seat, SeatLayout, SegmentFare, Stop
from falconbus.platform.caching import groups, maintenance
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable.models import Calendar, Schedule, Timetable

T = TypeVar("T")
EVERY_DAY = 127
ZONE = "Africa/Johannesburg"


class World:
    """Rows by the names that tests use: `stops["A"]`, `route`, `layout`, `bus`, `timetable`."""

    def __init__(self) -> None:
        self.standard = _add(FareClass(code="standard", name="Standard", price_percent=100, refundable=True))
        self.comfort = _add(FareClass(code="comfort", name="Comfort", price_percent=150, refundable=True))
        self.stops: dict[str, Stop] = {}
        self.layout = self.add_layout("small", standard=8, comfort=4)
        self.bus = self.add_bus("FB-1", self.layout)
        self.route = self.add_route("A", "B", "C", "D")
        self.timetable = self.add_timetable(self.route)
        self.other_route = self.add_route("X", "Y")
        self.other_schedule = self.add_schedule(self.add_timetable(self.other_route))
        self.commit()

    def add_stop(self, code: str, *, city: str | None = None, time_zone: str = ZONE) -> Stop:
        if code not in self.stops:
            name = f"{city or 'City ' + code}, Station {code}"
            self.stops[code] = _add(
                Stop(code=code, name=name, city=city or f"City {code}", time_zone=time_zone, latitude=0, longitude=0)
            )
        return self.stops[code]

    def add_layout(self, code: str, **seats: int) -> SeatLayout:
        """Seats of each class in rows of 2+2, comfort in front."""
        layout = _add(SeatLayout(code=code, name=code, capacity=sum(seats.values())))
        classes = {"standard": self.standard, "comfort": self.comfort}
        number = 0
        for name in sorted(seats):
            for _ in range(seats[name]):
                row, place = divmod(number, 4)
                number += 1
                column = place + 1 if place < 2 else place + 2
                seat = Seat(layout_id=layout.id, number=str(number), row=row + 1, column=column)
                seat.fare_class_id = classes[name].id
                _add(seat)
        return layout

    def add_bus(self, number: str, layout: SeatLayout) -> Bus:
        return _add(Bus(number=number, layout_id=layout.id, amenities=[]))

    def add_route(self, *codes: str, price: int = 30000, currency: str = "ZAR") -> Route:
        """A route whose stops are 100 km and an hour apart."""
        stops = [self.add_stop(code) for code in codes]
        route = _add(
            Route(
                name=f"{codes[0]} - {codes[-1]}",
                origin_id=stops[0].id,
                destination_id=stops[-1].id,
                base_price=price,
                currency=currency,
                distance_m=100_000 * (len(stops) - 1),
                duration_minutes=60 * (len(stops) - 1),
            )
        )
        for position, stop in enumerate(stops):
            _add(RouteStop(route_id=route.id, position=position, stop_id=stop.id, distance_m=100_000 * position))
        return route

    def add_fare(self, route: Route, origin: int, destination: int, price: int) -> SegmentFare:
        return _add(
            SegmentFare(route_id=route.id, origin_position=origin, destination_position=destination, price=price)
        )

    def add_timetable(self, route: Route, *, bus: Bus | None = None, **changes: Any) -> Timetable:
        """Every day at 08:00, an hour a leg, five minutes at each stop between."""
        stops = db.session.query(RouteStop).where(RouteStop.route_id == route.id).count()
        today = clock.today(ZONE)
        calendar = _add(Calendar(weekdays=EVERY_DAY, valid_from=today, valid_until=today + timedelta(days=365)))
        arrivals = [60 * position for position in range(stops)]
        last = stops - 1
        departures = [at + 5 if 0 < position < last else at for position, at in enumerate(arrivals)]
        values: dict[str, Any] = {
            "route_id": route.id,
            "calendar_id": calendar.id,
            "bus_id": (bus or self.bus).id,
            "departure_minutes": 8 * 60,
            "time_zone": ZONE,
            "arrivals": arrivals,
            "departures": departures,
            "boards": [True] * stops,
            "alights": [True] * stops,
        }
        return _add(Timetable(**{**values, **changes}))

    def add_schedule(
        self, timetable: Timetable | None = None, *, days: int = 7, bus: Bus | None = None, at: datetime | None = None
    ) -> Schedule:
        """The departure of `timetable` in so many days (or at an instant)."""
        timetable = timetable or self.timetable
        day = clock.today(timetable.time_zone) + timedelta(days=days)
        departure = at or clock.service_instant(day, timetable.departure_minutes, timetable.time_zone)
        schedule = _add(
            Schedule(
                route_id=timetable.route_id,
                timetable_id=timetable.id,
                bus_id=(bus or self.bus).id,
                departure_time=departure,
                arrival_time=departure + timedelta(minutes=timetable.arrivals[-1]),
                seats=12,
            )
        )
        self.commit()
        return schedule

    def commit(self) -> None:
        """Let the requests see what a test has changed."""
        db.session.commit()
        maintenance.clear(groups.registered())

    def day_of(self, schedule: Schedule) -> str:
        """The local date of the departure, as a search asks for it."""
        return clock.local(schedule.departure_time, ZONE).date().isoformat()


def _add(row: T) -> T:
    db.session.add(row)
    db.session.flush()
    return row
