"""Size: a feed is streamed, never held."""

import tracemalloc

from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs import service
from falconbus.gtfs.options import ImportOptions
from falconbus.platform.database import transactions
from tests.gtfs.feeds import feed, packed, row

TRIPS = 40


def peak(calls: int) -> int:
    """The most bytes that Python holds while it imports trips of so many calls."""
    trips = "route_id,service_id,trip_id\n" + "".join(f"R,DAILY,T{trip}\n" for trip in range(TRIPS))
    clock = [f"{call // 60:02}:{call % 60:02}:00" for call in range(calls)]
    times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "".join(
        f"T{trip},{clock[call]},{clock[call]},{'ab'[call % 2]},{call}\n"
        for trip in range(TRIPS)
        for call in range(calls)
    )
    archive = packed(feed(trips=trips, stop_times=times))
    steps: list[str] = []
    tracemalloc.start()
    try:
        transactions.run(
            lambda: service.import_feed(archive, ImportOptions(horizon_days=1), lambda step, *_: steps.append(step))
        )
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert row("SELECT max(cardinality(arrivals)) FROM timetables WHERE active") == (calls,)
    assert steps.count("Reading") > calls * TRIPS / 2000
    return most


def test_python_holds_no_more_of_a_longer_feed(database: SQLAlchemy) -> None:
    peak(10)
    assert peak(1000) < 1.5 * peak(200)
