"""What travellers do on the pages, and what they read there."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient

from tests.calls import hold, pay


def confirmed(client: FlaskClient, schedule_id: int, *stops: str, **changes: Any) -> dict[str, Any]:
    """A paid booking."""
    held = hold(client, schedule_id, *stops, **changes)
    assert pay(client, held).status_code == 201
    return held


def address(held: dict[str, Any], place: str = "", **fields: Any) -> str:
    """A booking's page, as its mail links it."""
    query = urlencode({"token": held["manage_token"], **fields}, doseq=True)
    return f"/manage/{held['reference']}{place}?{query}"


def words(answer: Any) -> str:
    """What a page says, without its markup."""
    body = answer.get_data(as_text=True).split("<body>")[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def fields(answer: Any) -> dict[str, list[str]]:
    """What the page's form that cancels would send."""
    form = re.search(r'<form method="post".*?</form>', answer.text, re.DOTALL)
    assert form is not None, words(answer)
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]):
        found.setdefault(name, []).append(unescape(value))
    return found


def press_cancel(client: FlaskClient, held: dict[str, Any], page: Any) -> Any:
    """Send the page's form."""
    return client.post(f"/manage/{held['reference']}/cancel", data=fields(page))


def status(client: FlaskClient, held: dict[str, Any]) -> str:
    """A booking's state as the API tells it."""
    shown = client.get(f"/api/v1/bookings/{held['reference']}?email=thandi@example.com")
    state: str = shown.json["status"]
    return state
