"""A hold in six statements and one transaction."""

import hashlib
import hmac
import os
import random
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from benchmarks.floor import booking_sql
from benchmarks.floor.database import connection

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_PERCENT = {"adult": 100, "student": 90, "senior": 85, "child": 50}
_ATTEMPTS = 8

Seats = list[tuple[int, int, str, int]]


def create(body: bytes, key: str, address: str) -> tuple[int, bytes]:
    """Status and body; a seat lost to somebody faster is another attempt."""
    wanted = msgspec.json.decode(body)
    digest = hashlib.sha256(b"POST\n/api/v1/bookings?\n" + body).hexdigest()
    for _ in range(_ATTEMPTS):
        with connection().transaction():
            answer = _attempt(wanted, f"address:{address}", key, digest)
            if answer is None:
                raise psycopg.Rollback
            return answer
    return 409, b'{"code": "seat_taken"}'


def _attempt(wanted: dict[str, Any], caller: str, key: str, digest: str) -> tuple[int, bytes] | None:
    execute, now = connection().execute, datetime.now(UTC)
    lock = int.from_bytes(hashlib.sha256(f"{caller}\n{key}".encode()).digest()[:8], signed=True)
    taken, kept_digest, status, kept = execute(booking_sql.REPLAY, [lock, caller, key]).fetchone() or ()
    if kept_digest:
        return (status, kept) if kept_digest == digest else (422, b"{}")
    if not taken:
        return 409, b'{"code": "request_in_progress"}'
    journey, people, contact = wanted["journeys"][0], wanted["passengers"], wanted["contact"]
    asked = {"schedule": journey["schedule_id"], "origin": journey["origin"], "destination": journey["destination"]}
    offer = execute(booking_sql.OFFER, {**asked, "now": now}).fetchone()
    if offer is None or offer[13] <= now:
        return 409, b'{"code": "not_on_sale"}'
    fare_class = _cheapest(offer, len(people))
    if fare_class is None:
        return 409, b'{"code": "sold_out"}'
    class_id, class_code, percent = fare_class
    seats = _choose([seat for seat in offer[17] if seat[3] == class_id], len(people))
    tickets = [
        _ticket(offer, class_code, percent, number, who["type"], seat)
        for number, (who, seat) in enumerate(zip(people, seats, strict=True), start=1)
    ]
    held = {
        "reference": _code(8),
        "total": sum(ticket["fare"] for ticket in tickets),
        "created_at": now,
        "expires_at": now + timedelta(minutes=10),
    }
    row = [
        held["reference"],
        contact["email"].lower(),
        contact.get("phone"),
        held["total"],
        offer[2],
        now,
        held["expires_at"],
    ]
    booking_id = (execute(booking_sql.BOOKING, row).fetchone() or ())[0]
    parts = {
        "booking": booking_id,
        "schedule": journey["schedule_id"],
        "class": class_id,
        "first": offer[11],
        "last": offer[12] - 1,
        "past": offer[12],
        "origin": offer[3],
        "destination": offer[7],
        "departs": offer[13],
        "arrives": offer[14],
        "until": held["expires_at"],
        "now": now,
        "seats": seats,
        "numbers": [ticket["number"] for ticket in tickets],
        "names": [who["name"] for who in people],
        "types": [who["type"] for who in people],
        "fares": [ticket["fare"] for ticket in tickets],
        "traces": [Jsonb(ticket["trace"]) for ticket in tickets],
        "codes": [_code(12) for _ in tickets],
    }
    if execute(booking_sql.CLAIM, parts).rowcount != len(seats) * (offer[12] - offer[11]):
        return None
    execute(booking_sql.PARTS, parts)
    answer = msgspec.json.encode(_shown(held, offer, class_code, journey["schedule_id"], people, contact, tickets))
    execute(booking_sql.KEEP, [caller, key, digest, answer, now])
    return 201, answer


def _cheapest(offer: Any, count: int) -> tuple[int, str, int] | None:
    with_room = [
        (percent, code, class_id)
        for class_id, code, percent in offer[18]
        if sum(seat[3] == class_id for seat in offer[17] or ()) >= count
    ]
    if not with_room:
        return None
    percent, code, class_id = min(with_room)
    return class_id, code, percent


def _choose(free: Seats, count: int) -> list[str]:
    """Side by side if possible, at a random place, as people book at once."""
    start = random.randrange(len(free))
    for at in [*range(start, len(free) - count + 1), *range(start)]:
        window = free[at : at + count]
        if len(window) == count and all(a[0] == b[0] and a[1] + 1 == b[1] for a, b in pairwise(window)):
            return [seat[2] for seat in window]
    return [seat[2] for seat in free[:count]]


def _ticket(offer: Any, class_code: str, percent: int, number: int, kind: str, seat: str) -> dict[str, Any]:
    segment = offer[15]
    in_class = (segment * percent + 50) // 100
    fare = (in_class * _PERCENT[kind] + 50) // 100
    trace = [
        {"rule": "set_fare" if offer[16] else "distance", "amount": segment},
        {"rule": f"fare_class:{class_code}", "percent": percent, "amount": in_class},
    ]
    if fare != in_class:
        trace.append({"rule": f"passenger:{kind}", "percent": _PERCENT[kind], "amount": fare})
    return {"number": number, "seat": seat, "fare": fare, "trace": trace}


def _shown(
    held: dict[str, Any],
    offer: Any,
    class_code: str,
    schedule_id: int,
    people: list[dict[str, str]],
    contact: dict[str, str],
    tickets: list[dict[str, Any]],
) -> dict[str, Any]:
    journey = {
        "number": 1,
        "schedule_id": schedule_id,
        "route_name": offer[0],
        "bus_number": offer[1],
        "fare_class": class_code,
        "origin": offer[4],
        "origin_name": offer[5],
        "destination": offer[8],
        "destination_name": offer[9],
        "departure_time": offer[13].astimezone(ZoneInfo(offer[6])),
        "arrival_time": offer[14].astimezone(ZoneInfo(offer[10])),
        "tickets": [
            {
                "passenger": ticket["number"],
                "seat": ticket["seat"],
                "fare": _money(ticket["fare"]),
                "fare_rules": [{**step, "amount": _money(step["amount"])} for step in ticket["trace"]],
                "status": "reserved",
                "code": None,
            }
            for ticket in tickets
        ],
    }
    return {
        "reference": held["reference"],
        "status": "held",
        "expires_at": held["expires_at"],
        "total": _money(held["total"]),
        "currency": offer[2],
        "refund": "0.00",
        "fee": "0.00",
        "contact": {"email": contact["email"].lower(), "phone": contact.get("phone")},
        "passengers": [{"number": number, **who} for number, who in enumerate(people, start=1)],
        "journeys": [journey],
        "created_at": held["created_at"],
        "manage_token": _manage_token(held["reference"]),
    }


def _manage_token(reference: str) -> str:
    secret = os.environ["SECRET_KEY"].encode()
    digest = hmac.new(secret, f"manage:{reference}".encode(), hashlib.sha256).digest()
    return f"fbm_{reference}_{urlsafe_b64encode(digest[:24]).decode()}"


def _code(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"
