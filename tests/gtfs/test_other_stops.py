"""A newer version whose coach has one stop more or less: what was sold goes on that route, seat by seat."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.disruptions import change_notices
from falconbus.gtfs.importing.held_stops import positions_in
from falconbus.platform.database import transactions
from tests.calls import hold
from tests.disruptions.coach import mails_to, shown, sold
from tests.gtfs.feeds import Feed, feed, load, row, rows
from tests.gtfs.versions import schedule_ids

STOPS = feed()["stops.txt"] + '0,"Zeta, Depot",-26.5,28.0\nd,"Delta, Inn",-25.5,28.0\n'
CLAIMS = "SELECT leg, count(*) FROM seat_claims WHERE schedule_id = :id GROUP BY leg ORDER BY leg"
COACHES = "SELECT count(*), count(DISTINCT departure_time) FROM schedules WHERE active"


def calling(*calls: str, trip: str = "T1") -> Feed:
    """The coach of the base feed at these `stop HH:MM`."""
    times = "".join(
        f"{trip},{at}:00,{at}:00,{stop},{number}\n" for number, (stop, at) in enumerate(map(str.split, calls))
    )
    header = feed()["stop_times.txt"].split("\n")[0]
    return feed(stops=STOPS, trips=f"route_id,service_id,trip_id\nR,DAILY,{trip}\n", stop_times=f"{header}\n{times}")


ABC = ("a 08:00", "b 09:00", "c 10:30")
ADBC = ("a 08:00", "d 08:30", "b 09:00", "c 10:30")


@pytest.fixture
def departure(database: SQLAlchemy) -> int:
    load(calling(*ABC))
    return schedule_ids()[4]


def tell() -> int:
    return transactions.run(change_notices.tell_travellers)


def positions(booking: dict[str, Any]) -> tuple[Any, ...]:
    return row(
        "SELECT origin_position, destination_position FROM journeys JOIN bookings ON bookings.id = booking_id"
        " WHERE reference = :reference",
        reference=booking["reference"],
    )


def check_on_sale(departure: int, count: int) -> None:
    """The coach of each day is there once, on sale, and that of the sale is the same one."""
    assert row("SELECT active, route_id = (SELECT route_id FROM timetables t WHERE t.id = timetable_id)"
               " FROM schedules WHERE id = :id", id=departure) == (True, True)  # fmt: skip
    assert rows(COACHES) == [(count, count)]


@pytest.mark.parametrize("trip", ["T1", "X9"])
def test_a_stop_that_is_put_in(client: FlaskClient, database: SQLAlchemy, departure: int, trip: str) -> None:
    first, second = sold(client, departure, "ALP", "BET"), sold(client, departure, "BET", "GAM")
    whole = sold(client, departure, "ALP", "GAM")
    count = len(schedule_ids())
    assert rows(CLAIMS, id=departure) == [(0, 2), (1, 2)]
    report = load(calling(*ADBC, trip=trip))
    assert report.withdrawn == []
    assert [note for note in report.notes if "sold seats" in note] == [
        (
            "1 departures with sold seats call at other stops between; those for which tickets are"
            " held are served as before"
        )
    ]
    check_on_sale(departure, count)
    assert rows(CLAIMS, id=departure) == [(0, 2), (1, 2), (2, 2)]
    assert [positions(each) for each in (first, second, whole)] == [(0, 2), (2, 3), (0, 3)]
    assert tell() == 0
    assert shown(client, first)["journeys"][0]["arrival_time"][11:16] == "09:00"
    assert hold(client, departure, "DEL", "GAM")["status"] == "held"
    assert load(calling(*ADBC, trip=trip)).counts["schedules"] == 0


def test_a_stop_that_is_left_out(client: FlaskClient, database: SQLAlchemy, departure: int) -> None:
    held = sold(client, departure, "ALP", "GAM")
    count = len(schedule_ids())
    report = load(calling("a 08:00", "c 10:15"))
    assert report.withdrawn == []
    check_on_sale(departure, count)
    assert (rows(CLAIMS, id=departure), positions(held)) == ([(0, 1)], (0, 1))
    assert tell() == 1
    assert mails_to(database, held) == ["booking.confirmation", "departure.changed"]
    assert shown(client, held)["journeys"][0]["arrival_time"][11:16] == "10:15"
    load(calling(*ABC))
    check_on_sale(departure, count)
    assert (rows(CLAIMS, id=departure), positions(held)) == ([(0, 1), (1, 1)], (0, 2))


def test_a_stop_before_the_first_one_moves_nobody(client: FlaskClient, database: SQLAlchemy, departure: int) -> None:
    """Also under another number: they board when they did."""
    held = sold(client, departure, "ALP", "GAM")
    count = len(schedule_ids())
    report = load(calling("0 06:30", *ABC, trip="X9"))
    assert (report.withdrawn, positions(held), tell()) == ([], (1, 3), 0)
    check_on_sale(departure, count)


def test_a_stop_with_tickets_that_is_left_out_stops_the_sale_with_what_to_do(
    client: FlaskClient, database: SQLAlchemy, departure: int
) -> None:
    held = sold(client, departure, "BET", "GAM")
    report = load(calling("a 08:00", "c 10:30"))
    assert len(report.withdrawn) == 1
    assert f"(departure {departure})" in report.withdrawn[0]
    off_sale, not_made = (note for note in report.notes if "sold" in note)
    assert f"(POST /api/v1/schedules/ID/cancel): departure {departure}" in off_sale
    assert f"on departure {departure}; give that another bus (PATCH /api/v1/schedules/{departure})" in not_made
    assert (positions(held), tell()) == ((1, 2), 0)


def test_a_hold_keeps_its_seat_and_one_that_has_run_out_gives_it_up(
    client: FlaskClient, database: SQLAlchemy, departure: int
) -> None:
    kept, lost = (hold(client, departure, "ALP", "GAM") for _ in range(2))
    database.session.execute(
        text(
            "UPDATE seat_claims SET held_until = now() - interval '1 day'"
            " WHERE booking_id = (SELECT id FROM bookings WHERE reference = :reference)"
        ),
        {"reference": lost["reference"]},
    )
    database.session.commit()
    load(calling(*ADBC))
    assert rows(CLAIMS, id=departure) == [(0, 1), (1, 1), (2, 1)]
    assert [positions(each) for each in (kept, lost)] == [(0, 3), (0, 3)]


def test_positions_are_in_order() -> None:
    assert positions_in([7, 8, 7, 9], [7, 8, 7]) == [0, 1, 2]
    assert positions_in([7, 8, 9], [8, 7]) is None
    assert positions_in([7, 8, 9], [7, 9]) == [0, 2]
