"""The response to a hold, the same as the product's field by field."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.floor.segment import FareClass, Segment


def held_booking(
    hold_request: dict[str, Any], segment: Segment, fare_class: FareClass, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return the response, made from the request, the segment and the parameters of the inserted rows."""
    contact = hold_request["contact"]
    passengers = [
        {"number": number, **passenger} for number, passenger in enumerate(hold_request["passengers"], start=1)
    ]
    return {
        "reference": parameters["reference"],
        "status": "held",
        "expires_at": parameters["until"],
        "total": money(sum(parameters["fares"])),
        "currency": segment.currency,
        "refund": "0.00",
        "fee": "0.00",
        "contact": {"email": contact["email"].lower(), "phone": contact.get("phone")},
        "passengers": passengers,
        "journeys": [_journey(segment, fare_class, parameters)],
        "created_at": parameters["now"],
        "manage_token": _manage_token(parameters["reference"]),
    }


def money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def _journey(segment: Segment, fare_class: FareClass, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": 1,
        "schedule_id": parameters["schedule"],
        "route_name": segment.route_name,
        "bus_number": segment.bus,
        "fare_class": fare_class.code,
        "fare_class_name": fare_class.name,
        "refundable": fare_class.refundable,
        "conditions": fare_class.conditions,
        "origin": segment.origin,
        "origin_name": segment.origin_name,
        "destination": segment.destination,
        "destination_name": segment.destination_name,
        "departure_time": segment.departs_at.astimezone(ZoneInfo(segment.origin_zone)),
        "arrival_time": segment.arrives_at.astimezone(ZoneInfo(segment.destination_zone)),
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
                parameters["numbers"], parameters["seats"], parameters["fares"], parameters["traces"], strict=True
            )
        ],
    }


def _manage_token(reference: str) -> str:
    digest = hmac.new(os.environ["SECRET_KEY"].encode(), f"manage:{reference}".encode(), hashlib.sha256).digest()
    return f"fbm_{reference}_{urlsafe_b64encode(digest[:24]).decode()}"
