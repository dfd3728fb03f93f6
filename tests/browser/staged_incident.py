"""An incident, staged in tables and measurements: after most of an hour of quiet, four things go wrong at once.

The mail server refuses us, the payment provider takes no money, a statement has become slow, one client runs into the
limits. The workers are alive, and everything else is as ever.
"""

from datetime import datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.minute_counts import Failure, Key, Minute, Series, Statement
from tests.calls import hold
from tests.performance import telemetry
from tests.performance.telemetry import series
from tests.workers import a_worker_lives
from tests.world import World

MINUTES, BROKEN = 60, 9
SEARCH, BOOK = "GET /api/v1/schedules", "POST /api/v1/bookings"
PAY, SHOW = "POST /api/v1/bookings/<reference>/payments", "GET /api/v1/bookings/<reference>"
QUICK = (
    "GET /api/v1/stops",
    "GET /api/v1/schedules/<id:schedule_id>/seats",
    "GET /",
    "GET /sign-in",
    "POST /api/v1/appointments/<id:appointment_id>/assignments/<id:assignment_id>/hand-over",
)
SLOW_FINGERPRINT = "5107a7e6e27f00d5"
SLOW_SQL = (
    "SELECT bookings.reference, bookings.status, journeys.schedule_id, journeys.origin_id, journeys.destination_id, "
    "tickets.seat_number FROM bookings JOIN journeys ON journeys.booking_id = bookings.id JOIN tickets ON "
    "tickets.journey_id = journeys.id WHERE lower(bookings.contact_name) LIKE $1 ORDER BY bookings.created_at DESC"
)
SLOW_LINE = "falconbus/bookings/queries.py:118 find_bookings"
SMTP_TROUBLE = "SMTP 535 5.7.8: the sign-in was refused"


_PAYMENT = text("""
    INSERT INTO payments (booking_id, key, provider, amount, currency, status, request_id, lease_until, created_at,
        settled_at)
    SELECT id, CAST(:number AS text), 'payfast', 45000, 'ZAR', :status, 'staged', :at, :at, :at
    FROM bookings WHERE reference = :reference
""")
_MAIL = text("""
    INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at, error)
    VALUES ('staged', :number, 1, 'thandi@example.com', 'queued', :at, :error)
""")


def stage(client: FlaskClient, world: World) -> None:
    """Leave everything as it is in the ninth minute of the incident."""
    now = clock.now()
    begin = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES)
    minutes = {begin + timedelta(minutes=number): _minute(begin, number) for number in range(MINUTES)}
    telemetry.write("web", minutes)
    _stage_money_and_mails(hold(client, world.add_schedule().id)["reference"], now)
    for worker in ("critical@bus-1", "celery@bus-1"):
        a_worker_lives(worker)


def _stage_money_and_mails(reference: str, now: datetime) -> None:
    for number in range(60):
        ago = timedelta(minutes=2 * number, seconds=5)
        is_broken = number < 5
        status = "failed" if is_broken else "declined" if number % 12 == 0 else "paid"
        db.session.execute(_PAYMENT, {"reference": reference, "number": 60 - number, "status": status, "at": now - ago})
        db.session.execute(
            _MAIL, {"number": number, "at": now - timedelta(seconds=8 * number, minutes=1), "error": SMTP_TROUBLE}
        )
    db.session.commit()


def _requests(number: int, milliseconds: float, *, queries: int, refused: int = 0, failed: int = 0) -> Series:
    """So many requests that took about so long; the slowest of them twice."""
    took = [milliseconds * (0.8 + (place % 7) / 10) for place in range(number)]
    fine = number - refused - failed
    counters = {"_2xx": fine, "_4xx": refused, "_5xx": failed, "queries": queries * number}
    return series(took, **{name: count for name, count in counters.items() if count})


def _minute(begin: datetime, number: int) -> Minute:
    is_broken = number >= MINUTES - BROKEN
    at = (begin + timedelta(minutes=number)).timestamp()
    found: dict[Key, Series] = {}
    wobble = number * 7 % 11
    for place, key in enumerate(QUICK):
        found["endpoint", key] = _requests(30 - 4 * place + wobble, 3 + place, queries=1)
    found["endpoint", SEARCH] = _requests(80 + wobble, 9, queries=1, refused=2)
    found["endpoint", BOOK] = _requests(10, 24, queries=9, refused=1)
    found["endpoint", SHOW] = _requests(12, 640 if is_broken else 7, queries=2)
    found["endpoint", PAY] = _requests(9, 900 if is_broken else 210, queries=7, failed=7 if is_broken else 0)
    found["statement", SHOW, SLOW_FINGERPRINT, SLOW_LINE] = series([610.0 if is_broken else 2.0] * 12)
    found["statement", SEARCH, "aaaa000000000001", "falconbus/search/queries.py:131 departures"] = series([4.0] * 60)
    found["fault", "422", "invalid", SEARCH] = series([2.0] * 2)
    found["fault", "409", "seat_taken", BOOK] = series([21.0])
    failures: dict[Key, list[Failure]] = {
        ("fault", "422", "invalid", SEARCH): [Failure(at + 3, 2_000, f"7d1f0c{number:02}-a")],
        ("fault", "409", "seat_taken", BOOK): [Failure(at + 8, 21_000, f"55e0b1{number:02}-b")],
    }
    if is_broken:
        refused: Key = ("fault", "502", "provider_failed", PAY)
        limited: Key = ("fault", "429", "rate_limited", SEARCH)
        found[refused], found[limited] = series([900.0] * 7), series([0.4] * 36)
        found["endpoint", SEARCH].merge(series([0.4] * 36, _4xx=36))
        found["limit", "/api/v1/schedules"] = series([], refused=36)
        failures[refused] = [Failure(at + second, 900_000, f"9c4b{number:02}e{second}") for second in (11, 29, 51)]
        failures[limited] = [Failure(at + second, 400, f"0f{number:02}77{second}") for second in (5, 33, 58)]
    described = {
        SLOW_FINGERPRINT: Statement(SLOW_SQL, ["text"], [SLOW_LINE]),
        "aaaa000000000001": Statement("SELECT id, departs_at FROM schedules WHERE service_date = $1", ["date"], []),
    }
    return Minute("2026.12.1", found, [], described, failures)
