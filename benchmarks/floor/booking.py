"""A hold in six statements and one transaction."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from benchmarks.floor import answer, booking_sql
from benchmarks.floor.database import connection
from benchmarks.floor.offer import Offer, cheapest_class, choose_seats, fares

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_ATTEMPTS = 8

Answer = tuple[int, bytes]


def create(body: bytes, key: str, address: str) -> Answer:
    """Status and body; a seat lost to somebody faster is another attempt."""
    caller, digest = f"address:{address}", hashlib.sha256(b"POST\n/api/v1/bookings?\n" + body).hexdigest()
    for _ in range(_ATTEMPTS):
        with connection().transaction():
            made = _replay(caller, key, digest) or _hold(msgspec.json.decode(body))
            if made is None:
                raise psycopg.Rollback
            if made[0] == 201:
                connection().execute(booking_sql.KEEP, [caller, key, digest, made[1], datetime.now(UTC)])
            return made
    return 409, b'{"code": "seat_taken"}'


def _replay(caller: str, key: str, digest: str) -> Answer | None:
    """The answer that the key got before, or no for now."""
    lock = int.from_bytes(hashlib.sha256(f"{caller}\n{key}".encode()).digest()[:8], signed=True)
    row = connection().execute(booking_sql.REPLAY, [lock, caller, key]).fetchone()
    taken, kept_digest, status, kept = row or (False, None, 0, b"")
    if kept_digest:
        return (status, kept) if kept_digest == digest else (422, b'{"code": "idempotency_key_reused"}')
    return None if taken else (409, b'{"code": "request_in_progress"}')


def _hold(wanted: dict[str, Any]) -> Answer | None:
    """Write the booking; None when a seat was lost meanwhile."""
    now, journey = datetime.now(UTC), wanted["journeys"][0]
    asked = {"schedule": journey["schedule_id"], "origin": journey["origin"], "destination": journey["destination"]}
    row = connection().execute(booking_sql.OFFER, {**asked, "now": now}).fetchone()
    if row is None:
        return 409, b'{"code": "not_on_sale"}'
    offer = Offer(*row)
    fare_class = cheapest_class(offer, len(wanted["passengers"]))
    if fare_class is None:
        return 409, b'{"code": "sold_out"}'
    rows = _rows(wanted, offer, fare_class, now)
    made = connection().execute(booking_sql.BOOKING, rows).fetchone()
    rows["booking"] = made and made[0]
    if connection().execute(booking_sql.CLAIM, rows).rowcount != len(rows["seats"]) * (offer.past - offer.first):
        return None
    connection().execute(booking_sql.PARTS, rows)
    return 201, msgspec.json.encode(answer.held(wanted, offer, fare_class[1], rows))


def _rows(wanted: dict[str, Any], offer: Offer, fare_class: tuple[int, str, int], now: datetime) -> dict[str, Any]:
    """The parameters of every statement that writes."""
    people = wanted["passengers"]
    class_id, class_code, percent = fare_class
    priced = fares(offer, class_code, percent, [who["type"] for who in people])
    return {
        "reference": _code(8),
        "email": wanted["contact"]["email"].lower(),
        "phone": wanted["contact"].get("phone"),
        "total": sum(amount for amount, _ in priced),
        "currency": offer.currency,
        "now": now,
        "until": now + timedelta(minutes=10),
        "schedule": wanted["journeys"][0]["schedule_id"],
        "class": class_id,
        "first": offer.first,
        "last": offer.past - 1,
        "past": offer.past,
        "origin": offer.origin_id,
        "destination": offer.destination_id,
        "departs": offer.departs_at,
        "arrives": offer.arrives_at,
        "seats": choose_seats(offer, class_id, len(people)),
        "numbers": list(range(1, len(people) + 1)),
        "names": [who["name"] for who in people],
        "types": [who["type"] for who in people],
        "fares": [amount for amount, _ in priced],
        "traces": [Jsonb(trace) for _, trace in priced],
        "codes": [_code(12) for _ in people],
    }


def _code(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
