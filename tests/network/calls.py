"""What an admin sends, and how a refusal names its faults."""

from typing import Any

GOOD_BODIES: dict[str, dict[str, Any]] = {
    "/routes": {
        "name": "A to B",
        "stops": [{"code": "A", "kilometres": 0}, {"code": "B", "kilometres": 9.5}],
        "base_price": "100.00",
        "currency": "ZAR",
        "duration_minutes": 60,
    },
    "/stops": {"code": "N", "name": "N", "city": "N", "time_zone": "Africa/Johannesburg"},
    "/buses": {"number": "N-1", "layout": "small"},
    "/fare-classes": {"code": "gold", "name": "Gold", "price_percent": 300},
    "/seat-layouts": {
        "code": "one",
        "name": "One",
        "seats": [{"number": "1", "row": 1, "column": 1, "fare_class": "standard"}],
    },
    "/timetables": {
        "route_id": 1,
        "bus_id": 1,
        "departure_time": "10:00",
        "days": ["mon"],
        "valid_from": "2026-01-01",
        "valid_until": "2100-01-01",
        "stops": [{"arrival": minutes, "departure": minutes} for minutes in (0, 60, 120, 180)],
    },
    "/schedules": {"timetable_id": 1, "bus_id": 1, "date": "2100-01-01"},
}


def pointers(answer: Any) -> list[str]:
    """Where the faults of a 422 lie."""
    assert answer.status_code == 422, answer.json
    return [fault.get("pointer") or fault["parameter"] for fault in answer.json["errors"]]
