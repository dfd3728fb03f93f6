"""What tests send: a booking's body, and the calls of a traveller who books."""

from typing import Any

from flask.testing import FlaskClient


def booking_body(schedule_id: int, origin: str = "A", destination: str = "D", **changes: Any) -> dict[str, Any]:
    """A body for POST /bookings: one adult, one journey; `seats`, `fare_class`, `passengers` as asked."""
    journey = {"schedule_id": schedule_id, "origin": origin, "destination": destination}
    journey.update({name: changes.pop(name) for name in ("seats", "fare_class") if name in changes})
    names = changes.pop("passengers", 1)
    return {
        "journeys": [journey],
        "passengers": [{"name": f"Thandi {number}", "type": "adult"} for number in range(names)],
        "contact": {"email": "thandi@example.com", "phone": "+27 82 000 0000"},
        "promo_code": None,
        **changes,
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def hold(client: FlaskClient, schedule_id: int, *stops: str, **changes: Any) -> dict[str, Any]:
    """A held booking's answer."""
    answer = client.post("/api/v1/bookings", json=booking_body(schedule_id, *stops, **changes))
    assert answer.status_code == 201, answer.json
    held: dict[str, Any] = answer.json or {}
    return held


def pay(client: FlaskClient, held: dict[str, Any], token: str = "ok", **headers: str) -> Any:
    """The answer to paying in the sandbox."""
    return client.post(
        f"/api/v1/bookings/{held['reference']}/payments",
        json={"provider": "sandbox", "token": token},
        headers={**bearer(held["manage_token"]), **headers},
    )
