"""The calendar of a month over HTTP: each day says what a search of that day says."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.platform.kit import clock
from tests.calls import hold
from tests.counting import statements
from tests.world import ZONE, World


def ask(client: FlaskClient, month: str, **parameters: Any) -> Any:
    query = {"origin": "A", "destination": "D", "month": month, **parameters}
    return client.get("/api/v1/availability", query_string=query)


def next_month() -> date:
    return (clock.today(ZONE).replace(day=1) + timedelta(days=32)).replace(day=1)


def add_departure(world: World, day: date, minutes: int = 480, **changes: Any) -> Any:
    timetable = world.add_timetable(world.route, departure_minutes=minutes, **changes)
    return world.add_schedule(timetable, at=clock.service_instant(day, minutes, ZONE))


def by_date(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {day.pop("date"): day for day in answer.json["results"]}


def test_a_month_shows_every_day_with_price_departures_and_seats(world: World, client: FlaskClient) -> None:
    first = next_month()
    early = add_departure(world, first + timedelta(days=4), 480)
    add_departure(world, first + timedelta(days=4), 1000)
    hold(client, early.id, passengers=3)
    found = ask(client, f"{first:%Y-%m}").json["results"]
    assert [day["date"] for day in found] == [
        (first + timedelta(days=number)).isoformat() for number in range(len(found))
    ]
    assert (date.fromisoformat(found[-1]["date"]) + timedelta(days=1)).day == 1
    assert found[4] == {
        "date": f"{first:%Y-%m}-05",
        "price": "300.00",
        "currency": "ZAR",
        "departures": 2,
        "available_seats": 5 + 8,
    }
    assert found[5] == {
        "date": f"{first:%Y-%m}-06",
        "price": None,
        "currency": None,
        "departures": 0,
        "available_seats": 0,
    }


def test_each_day_says_what_a_search_of_that_day_says(world: World, client: FlaskClient) -> None:
    world.add_stop("P1", city="Pretória")
    world.add_stop("P2", city="Pretória")
    route = world.add_route("P1", "P2", "Z", price=20000)
    first = next_month()
    for number, minutes in ((0, 10), (0, 23 * 60 + 30), (1, 480), (2, 480), (2, 600), (27, 23 * 60 + 59)):
        timetable = world.add_timetable(route, departure_minutes=minutes)
        at = clock.service_instant(first + timedelta(days=number), minutes, ZONE)
        schedule = world.add_schedule(timetable, at=at)
        hold(client, schedule.id, "P2", "Z", passengers=max(1, number % 7))
    for passengers in (1, 3, 7):
        place = {"origin": "pretoria", "destination": "Z", "passengers": passengers}
        for day, found in by_date(ask(client, f"{first:%Y-%m}", **place)).items():
            results = client.get("/api/v1/schedules", query_string={**place, "date": day}).json["results"]
            assert found["available_seats"] == sum(row["available_seats"] for row in results)
            assert found["price"] == min((row["price"] for row in results), key=float, default=None)
            assert found["departures"] >= len(results)


def test_a_full_coach_is_a_departure_without_a_price(world: World, client: FlaskClient) -> None:
    day = next_month() + timedelta(days=1)
    full = add_departure(world, day)
    hold(client, full.id, passengers=7)
    found = by_date(ask(client, f"{day:%Y-%m}", passengers=5))[day.isoformat()]
    assert found == {"price": None, "currency": None, "departures": 1, "available_seats": 0}


def test_days_that_are_over_are_null_and_today_is_what_still_leaves(world: World, client: FlaskClient) -> None:
    now = datetime.combine(next_month() + timedelta(days=14), datetime.min.time()).replace(hour=10).astimezone()
    with time_machine.travel(now, tick=False):
        today = clock.today(ZONE)
        for minutes in (60, 1200):
            add_departure(world, today, minutes)
            add_departure(world, today - timedelta(days=1), minutes)
        days = by_date(ask(client, f"{today:%Y-%m}"))
        assert days[today.isoformat()]["departures"] == 1
        over = {"price": None, "currency": None, "departures": None, "available_seats": None}
        assert [day for day, found in days.items() if found == over] == [day for day in days if day < str(today)]
        gone = ask(client, f"{today - timedelta(days=60):%Y-%m}").json["results"]
        assert {day["departures"] for day in gone} == {None}


def test_the_operators_own_currency_goes_before_others(world: World, client: FlaskClient) -> None:
    day = next_month()
    add_departure(world, day)
    foreign = world.add_route("A", "D", price=100, currency="USD")
    world.add_schedule(world.add_timetable(foreign), at=clock.service_instant(day, 480, ZONE))
    found = by_date(ask(client, f"{day:%Y-%m}"))[day.isoformat()]
    assert (found["price"], found["currency"], found["departures"]) == ("300.00", "ZAR", 2)


def test_a_sale_shows_at_once(world: World, client: FlaskClient) -> None:
    schedule = add_departure(world, next_month())
    month = f"{next_month():%Y-%m}"
    assert ask(client, month).json["results"][0]["available_seats"] == 8
    hold(client, schedule.id, passengers=2)
    assert ask(client, month).json["results"][0]["available_seats"] == 6


def test_a_month_costs_two_statements_however_full_it_is(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    for number in range(20):
        add_departure(world, next_month() + timedelta(days=number), 480 + number)
    with statements() as sent:
        assert ask(client, f"{next_month():%Y-%m}").status_code == 200
    assert len(sent) <= 2


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"origin": "nowhere"}, 404, "place_not_found"),
        ({"destination": "A"}, 422, "same_place"),
        *(({"month": month}, 422, "invalid") for month in ("", "2026", "2026-13", "26-12", "2026-1", "0000-01", "x")),
        *(({"passengers": count}, 422, "invalid") for count in (0, 10)),
        ({"page": 2}, 422, "invalid"),
    ],
)
def test_what_is_not_a_month_or_a_place_is_refused(
    world: World, client: FlaskClient, parameters: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(client, **{"month": "2030-01", **parameters})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert "20[0-9]" not in answer.text
