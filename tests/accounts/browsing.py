"""People who sign in with a browser, and what they find there."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from redis import Redis

from falconbus.app import FalconBus
from falconbus.platform.web.identity import COOKIE

EMAIL, PASSWORD = "thandi@example.com", "correct horse battery"
HTML = {"Accept": "text/html,*/*;q=0.8"}


def sign_in(client: FlaskClient, **changes: str) -> Any:
    return client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD, **changes})


def cookie_of(client: FlaskClient) -> str | None:
    cookie = client.get_cookie(COOKIE)
    return cookie.value if cookie else None


def token_of(client: FlaskClient) -> str:
    """What the pages of this session bear."""
    page = client.get("/sign-in", headers=HTML).text
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/api/v1/me").status_code == 200


def without_redis(app: FalconBus) -> None:
    """As if the server were gone."""
    app.extensions["session_redis"] = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25)
