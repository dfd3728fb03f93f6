"""Budgets of statements: the same for one row and for a hundred. A failure shows the SQL."""

from typing import Any, get_origin

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.caching import groups, maintenance
from falconbus.platform.database.pagination import CountedPage, Page
from falconbus.platform.web.declarations import operation_of
from tests.accounts.signing import signed_in
from tests.calls import booking_body, hold
from tests.counting import statements
from tests.world import World


def count(client: FlaskClient, address: str, headers: dict[str, str]) -> tuple[list[str], int]:
    """The statements of a call, and how many rows it answered."""
    with statements() as sent:
        answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.json
    return sent, len(answer.json["results"])


def fill(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """A hundred more of everything that lists show; the bookings are the staff's own."""
    layout = world.add_layout("large", standard=120)
    for number in range(100):
        world.add_route(f"R{number}", f"S{number}")
        world.add_timetable(world.route)
        world.add_schedule(bus=world.add_bus(f"BIG-{number}", layout))
    schedule = world.add_schedule(days=8, bus=world.add_bus("BIG", layout))
    for _ in range(100):
        hold(client, schedule.id, "A", "B", fare_class="standard")
    add_by_sql(database, 100)


def add_by_sql(database: SQLAlchemy, number: int) -> None:
    """So many rows of what takes long to make, and the bookings given to the newest account."""
    for statement in BY_SQL.split(";"):
        database.session.execute(text(statement), {"number": number, "key": f"{number}-"})
    database.session.commit()
    maintenance.clear(groups.registered())


BY_SQL = """
    UPDATE bookings SET user_id = (SELECT max(id) FROM users WHERE 'admin' = ANY (roles));
    INSERT INTO users (email, name, password_hash, roles, created_at)
        SELECT :key || n || '@example.com', 'One of many', 'none', ARRAY['driver'], now()
        FROM generate_series(1, :number) n;
    INSERT INTO services (name, duration_minutes, price, currency)
        SELECT :key || n, 60, 100, 'ZAR' FROM generate_series(1, :number) n;
    INSERT INTO appointments (reference, status, client_name, client_email, pick_up_text, drop_off_text, starts_at,
            ends_at, time_zone, passengers, currency, created_at)
        SELECT lpad(:key || n, 8, 'A'), 'assigned', 'One of many', 'many@example.com', 'Here', 'There', now(),
            now() + interval '1 hour', 'UTC', 1, 'ZAR', now()
        FROM generate_series(1, :number) n;
    INSERT INTO appointment_services (appointment_id, service_id, number, name, duration_minutes, price)
        SELECT id, (SELECT max(id) FROM services), 1, 'One of many', 60, 100 FROM appointments ON CONFLICT DO NOTHING;
    INSERT INTO assignments (appointment_id, staff_id, part, status, starts_at, ends_at, offered_at)
        SELECT id, (SELECT max(id) FROM users), 'driver', 'offered', starts_at, ends_at, now() FROM appointments
        ON CONFLICT DO NOTHING;
    INSERT INTO notifications (staff_id, kind, title, message, appointment_id, created_at)
        SELECT (SELECT max(id) FROM users WHERE 'admin' = ANY (roles)), 'requested', 'One of many', 'Words', id, now()
        FROM appointments ORDER BY id DESC LIMIT :number;
    INSERT INTO lapses (kind, schedule_id, detail, found_at)
        SELECT 'bus_out_of_service', :number * 1000 + n, 'One of many', now() FROM generate_series(1, :number) n;
    INSERT INTO fare_classes (code, name, price_percent, refundable)
        SELECT :key || n, 'One of many', 100, true FROM generate_series(1, :number) n;
    INSERT INTO seat_layouts (code, name, capacity)
        SELECT :key || n, 'One of many', 1 FROM generate_series(1, :number) n;
    INSERT INTO payments (booking_id, key, provider, amount, currency, status, request_id, lease_until, created_at)
        SELECT min(id), :key, 'counter', 100, 'ZAR', 'failed', '', now(), now() FROM bookings;
    INSERT INTO refunds (payment_id, key, amount, reason, status, created_at)
        SELECT max(id), :key || n, 1, 'cancelled', 'due', now() FROM payments, generate_series(1, :number) n GROUP BY n;
    INSERT INTO feed_imports (status, filename, options, created_at)
        SELECT 'queued', 'feed.zip', '{}', now() FROM generate_series(1, :number);
    INSERT INTO outbox (job, arguments, request_id, created_at, run_after, attempts)
        SELECT 'messaging.send_mail', '{}', '', now(), now(), 0 FROM generate_series(1, :number);
    INSERT INTO performance_comparisons (state, baseline_release, candidate_release, requested_at, verdicts)
        SELECT 'queued', 'old', 'new', now(), '{}' FROM generate_series(1, :number)
"""

#: Every list, and how it is asked so that it answers with few rows at first and with a hundred then.
LISTS = {
    "/api/v1/bookings": "",
    "/api/v1/buses": "",
    "/api/v1/fare-classes": "",
    "/api/v1/gtfs/imports": "",
    "/api/v1/jobs": "",
    "/api/v1/me/bookings": "",
    "/api/v1/performance/comparisons": "",
    "/api/v1/refunds": "",
    "/api/v1/routes": "",
    "/api/v1/routes/<id:route_id>/schedules": "&from={day}&to={day}",
    "/api/v1/schedules": "&origin=A&destination=D&date={day}",
    "/api/v1/scheduling/appointments": "",
    "/api/v1/scheduling/lapses": "",
    "/api/v1/scheduling/notifications": "",
    "/api/v1/scheduling/schedules/uncrewed": "&from={day}&to={day}",
    "/api/v1/scheduling/services": "",
    "/api/v1/scheduling/staff": "",
    "/api/v1/scheduling/staff/active": "",
    "/api/v1/seat-layouts": "",
    "/api/v1/stops": "",
    "/api/v1/timetables": "",
}


def test_every_list_is_measured_here(migrated_app: FalconBus) -> None:
    """A page of rows is what makes a list."""
    lists = set()
    for rule in migrated_app.url_map.iter_rules():
        declared = operation_of(migrated_app.view_functions[rule.endpoint])
        shape = None if declared is None else declared.gives.get(200)
        if get_origin(shape) in {Page, CountedPage} or (
            isinstance(shape, type) and issubclass(shape, (Page, CountedPage))
        ):
            lists.add(rule.rule)
    assert lists == set(LISTS)


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_a_hundred(
    address: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    headers = signed_in(Role.ADMIN)
    schedule = world.add_schedule()
    hold(client, schedule.id)
    add_by_sql(database, 1)
    query = LISTS[address].format(day=world.day_of(schedule))
    address = f"{address}?page_size=100{query}".replace("<id:route_id>", str(world.route.id))
    few, few_rows = count(client, address, headers)
    fill(world, client, database)
    many, many_rows = count(client, address, headers)
    assert 1 <= few_rows <= 10
    assert many_rows == 100
    assert len(many) == len(few), "\n".join(many)


@pytest.mark.parametrize(("passengers", "journeys"), [(1, 1), (9, 1), (9, 6)])
def test_a_hold_costs_six_statements_however_large(
    passengers: int, journeys: int, world: World, client: FlaskClient
) -> None:
    layout = world.add_layout("large", standard=120)
    body: dict[str, Any] = {}
    for number in range(journeys):
        schedule = world.add_schedule(days=5 + number, bus=world.add_bus(f"BIG-{number}", layout))
        one = booking_body(schedule.id, passengers=passengers)
        body = {**one, "journeys": [*body.get("journeys", []), *one["journeys"]]}
    with statements() as sent:
        answer = client.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": "sixteen characters"})
    assert answer.status_code == 201
    assert len(sent) <= 6, "\n".join(sent)
