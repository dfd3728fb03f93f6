"""Benchmark of the number of statements of a search and a hold: the same for one row and for a hundred."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from benchmarks.environment import Databases
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.app import create_app
from falconbus.platform.database.engine import db

MAX_FOR_SEARCH = 2
MAX_FOR_HOLD = 6

# A hundred departures from A to B on one day, one from C to D.
_NETWORK = """
    INSERT INTO fare_classes (id, code, name, price_percent) VALUES (1, 'standard', 'Standard', 100);
    INSERT INTO seat_layouts (id, code, name, capacity) VALUES (1, 'coach', 'Coach', 49);
    INSERT INTO seats (layout_id, number, "row", "column", fare_class_id)
        SELECT 1, n, n / 4, n % 4, 1 FROM generate_series(1, 49) AS n;
    INSERT INTO buses (id, number, layout_id) SELECT n, n, 1 FROM generate_series(1, 101) AS n;
    INSERT INTO stops (id, code, name, city, time_zone)
        SELECT ascii(code), code, code, code, 'UTC' FROM unnest(ARRAY['A', 'B', 'C', 'D']) AS code;
    INSERT INTO calendars (id, weekdays, valid_from, valid_until) VALUES (1, 127, '2000-01-01', '2099-12-31');
    INSERT INTO routes (id, name, origin_id, destination_id, base_price, currency, distance_m, duration_minutes)
        VALUES (1, 'A - B', 65, 66, 30000, 'ZAR', 1000, 5), (2, 'C - D', 67, 68, 30000, 'ZAR', 1000, 5);
    INSERT INTO route_stops (route_id, position, stop_id, distance_m)
        VALUES (1, 0, 65, 0), (1, 1, 66, 1000), (2, 0, 67, 0), (2, 1, 68, 1000);
    INSERT INTO timetables
            (id, route_id, calendar_id, bus_id, departure_minutes, time_zone, arrivals, departures, boards, alights)
        SELECT n, CASE n WHEN 101 THEN 2 ELSE 1 END, 1, n, 10 * n, 'UTC', '{0,5}', '{0,5}', '{t,t}', '{t,t}'
        FROM generate_series(1, 101) AS n;
    INSERT INTO schedules (id, route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
        SELECT id, route_id, id, bus_id, departs, departs + interval '5 minutes', 49
        FROM timetables
        CROSS JOIN LATERAL (
            SELECT (current_date + 2 + make_interval(mins => departure_minutes)) AT TIME ZONE 'UTC') day(departs);
"""


def run(databases: Databases) -> Report:
    """Count the statements that the app sends, in process."""
    url = databases.create("queries")
    databases.migrate("queries")
    with psycopg.connect(url) as connection:
        connection.execute(_NETWORK)
    settings = databases.settings("queries") | {"RATELIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings.from_environment(settings))
    day = (databases.today() + timedelta(days=2)).isoformat()
    client = app.test_client()
    with app.app_context(), _statement_counter() as count:
        searches = [
            count("search, 1 departure", lambda: _search(client, "C", "D", day, results=1)),
            count("search, 100 departures", lambda: _search(client, "A", "B", day, results=100)),
        ]
        holds = [
            count("hold, 1 passenger, 1 journey", lambda: _hold(client, journeys=1, passengers=1)),
            count("hold, 9 passengers, 6 journeys", lambda: _hold(client, journeys=6, passengers=9)),
        ]
        db.engine.dispose()
    return Report(
        "queries",
        rows=searches + holds,
        goals=[
            Goal("search, statements", max(_statement_counts(searches)), MAX_FOR_SEARCH, at_most=True),
            Goal(
                "search, more for many",
                max(_statement_counts(searches)) - min(_statement_counts(searches)),
                0,
                at_most=True,
            ),
            Goal("hold, statements", max(_statement_counts(holds)), MAX_FOR_HOLD, at_most=True),
            Goal("hold, more for many", max(_statement_counts(holds)) - min(_statement_counts(holds)), 0, at_most=True),
        ],
    )


Row = dict[str, Any]


@contextmanager
def _statement_counter() -> Iterator[Callable[[str, Callable[[], None]], Row]]:
    """Provide a function that runs some work and returns a row with its number of statements."""
    sent: list[str] = []

    def record_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    def count(name: str, work: Callable[[], None]) -> Row:
        sent.clear()
        work()
        return {"what": name, "statements": len(sent)}

    event.listen(db.engine, "before_cursor_execute", record_statement)
    try:
        yield count
    finally:
        event.remove(db.engine, "before_cursor_execute", record_statement)


def _search(client: FlaskClient, origin: str, destination: str, day: str, *, results: int) -> None:
    parameters = {"origin": origin, "destination": destination, "date": day, "page_size": "100"}
    answer = client.get("/api/v1/schedules", query_string=parameters)
    _check(answer, 200)
    if answer.json is None or len(answer.json["results"]) != results:
        raise RunFailed(f"not {results} departures: {answer.text[:300]}")


def _hold(client: FlaskClient, *, journeys: int, passengers: int) -> None:
    body = {
        "journeys": [{"schedule_id": 1 + 2 * n, "origin": "A", "destination": "B"} for n in range(journeys)],
        "passengers": [{"name": f"Thandi Nkosi {n}", "type": "adult"} for n in range(passengers)],
        "contact": {"email": "thandi@example.com"},
    }
    key = f"statements of a hold {journeys} {passengers}"
    _check(client.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": key}), 201)


def _check(answer: TestResponse, status: int) -> None:
    if answer.status_code != status:
        raise RunFailed(f"{answer.status_code} instead of {status}: {answer.text[:300]}")


def _statement_counts(rows: list[Row]) -> list[int]:
    return [row["statements"] for row in rows]
