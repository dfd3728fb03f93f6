"""The floor's hold, in six statements and one transaction."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from benchmarks.floor import booking_sql, response
from benchmarks.floor.database import connection
from benchmarks.floor.segment import FareClass, Segment, cheapest_class, choose_seats, ticket_fares

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_ATTEMPTS = 8
_REFUND_STEPS = [{"minutes_before": 1440, "percent": 90}, {"minutes_before": 120, "percent": 50}]

Answer = tuple[int, bytes]


def create(body: bytes, key: str, address: str) -> Answer:
    """Hold seats and return status and body; try again when a seat was lost to another booking."""
    caller, digest = f"address:{address}", hashlib.sha256(b"POST\n/api/v1/bookings?\n" + body).hexdigest()
    for _ in range(_ATTEMPTS):
        with connection().transaction():
            result = _replay(caller, key, digest) or _hold(msgspec.json.decode(body))
            if result is None:
                raise psycopg.Rollback
            if result[0] == 201:
                connection().execute(booking_sql.KEEP, [caller, key, digest, result[1], datetime.now(UTC)])
            return result
    return 409, b'{"code": "seat_taken"}'


def _replay(caller: str, key: str, digest: str) -> Answer | None:
    """Return the stored response of the key, or a refusal while it is in progress; None for a new key."""
    lock = int.from_bytes(hashlib.sha256(f"{caller}\n{key}".encode()).digest()[:8], signed=True)
    row = connection().execute(booking_sql.REPLAY, [lock, caller, key]).fetchone()
    has_lock, stored_digest, status, stored_body = row or (False, None, 0, b"")
    if stored_digest:
        return (status, stored_body) if stored_digest == digest else (422, b'{"code": "idempotency_key_reused"}')
    return None if has_lock else (409, b'{"code": "request_in_progress"}')


def _hold(hold_request: dict[str, Any]) -> Answer | None:
    """Write the booking; None when a seat was lost meanwhile."""
    now, journey = datetime.now(UTC), hold_request["journeys"][0]
    segment_parameters = {
        "schedule": journey["schedule_id"],
        "origin": journey["origin"],
        "destination": journey["destination"],
    }
    row = connection().execute(booking_sql.SEGMENT, {**segment_parameters, "now": now}).fetchone()
    if row is None:
        return 409, b'{"code": "not_on_sale"}'
    segment = Segment(*row)
    fare_class = cheapest_class(segment, len(hold_request["passengers"]))
    if fare_class is None:
        return 409, b'{"code": "sold_out"}'
    parameters = _parameters(hold_request, segment, fare_class, now)
    booking_row = connection().execute(booking_sql.BOOKING, parameters).fetchone()
    parameters["booking"] = booking_row and booking_row[0]
    legs = segment.destination_position - segment.origin_position
    if connection().execute(booking_sql.CLAIM, parameters).rowcount != len(parameters["seats"]) * legs:
        return None
    connection().execute(booking_sql.PARTS, parameters)
    return 201, msgspec.json.encode(response.held_booking(hold_request, segment, fare_class, parameters))


def _parameters(hold_request: dict[str, Any], segment: Segment, fare_class: FareClass, now: datetime) -> dict[str, Any]:
    """Return the parameters of every statement that writes."""
    passengers = hold_request["passengers"]
    priced = ticket_fares(segment, fare_class.code, fare_class.percent, [passenger["type"] for passenger in passengers])
    return {
        "reference": _random_code(8),
        "email": hold_request["contact"]["email"].lower(),
        "phone": hold_request["contact"].get("phone"),
        "total": sum(amount for amount, _ in priced),
        "currency": segment.currency,
        "now": now,
        "until": now + timedelta(minutes=10),
        "schedule": hold_request["journeys"][0]["schedule_id"],
        "class": fare_class.id,
        "route_name": segment.route_name,
        "class_name": fare_class.name,
        "conditions": fare_class.conditions,
        "refund_steps": Jsonb(_REFUND_STEPS if fare_class.refundable else []),
        "first": segment.origin_position,
        "last": segment.destination_position - 1,
        "past": segment.destination_position,
        "origin": segment.origin_id,
        "destination": segment.destination_id,
        "departs": segment.departs_at,
        "arrives": segment.arrives_at,
        "seats": choose_seats(segment, fare_class.id, len(passengers)),
        "numbers": list(range(1, len(passengers) + 1)),
        "names": [passenger["name"] for passenger in passengers],
        "types": [passenger["type"] for passenger in passengers],
        "fares": [amount for amount, _ in priced],
        "traces": [Jsonb(trace) for _, trace in priced],
        "codes": [_random_code(12) for _ in passengers],
    }


def _random_code(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
