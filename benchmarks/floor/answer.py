"""The answer to a hold, field for field the product's."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.floor.offer import Offer


def held(wanted: dict[str, Any], offer: Offer, class_code: str, rows: dict[str, Any]) -> dict[str, Any]:
    """From what was asked for, what was offered, and the parameters of the rows written."""
    contact = wanted["contact"]
    people = [{"number": number, **who} for number, who in enumerate(wanted["passengers"], start=1)]
    return {
        "reference": rows["reference"],
        "status": "held",
        "expires_at": rows["until"],
        "total": money(sum(rows["fares"])),
        "currency": offer.currency,
        "refund": "0.00",
        "fee": "0.00",
        "contact": {"email": contact["email"].lower(), "phone": contact.get("phone")},
        "passengers": people,
        "journeys": [_journey(offer, class_code, rows)],
        "created_at": rows["now"],
        "manage_token": _manage_token(rows["reference"]),
    }


def money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def _journey(offer: Offer, class_code: str, rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": 1,
        "schedule_id": rows["schedule"],
        "route_name": offer.route_name,
        "bus_number": offer.bus,
        "fare_class": class_code,
        "origin": offer.origin,
        "origin_name": offer.origin_name,
        "destination": offer.destination,
        "destination_name": offer.destination_name,
        "departure_time": offer.departs_at.astimezone(ZoneInfo(offer.origin_zone)),
        "arrival_time": offer.arrives_at.astimezone(ZoneInfo(offer.destination_zone)),
        "tickets": [
            {
                "passenger": number,
                "seat": seat,
                "fare": money(amount),
                "fare_rules": [{**step, "amount": money(step["amount"])} for step in trace.obj],
                "status": "reserved",
                "code": None,
            }
            for number, seat, amount, trace in zip(
                rows["numbers"], rows["seats"], rows["fares"], rows["traces"], strict=True
            )
        ],
    }


def _manage_token(reference: str) -> str:
    digest = hmac.new(os.environ["SECRET_KEY"].encode(), f"manage:{reference}".encode(), hashlib.sha256).digest()
    return f"fbm_{reference}_{urlsafe_b64encode(digest[:24]).decode()}"
