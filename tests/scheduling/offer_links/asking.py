"""Links to answer, for tests, and what their pages say."""

import re
from datetime import datetime
from html import unescape
from typing import Any

from flask import Flask

from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.offer_links import links

HOST = "http://127.0.0.1:8000"


def page_of(assignment: Assignment, app: Flask, *, expires_at: datetime | None = None) -> str:
    """The path of the page on which the assignment is answered."""
    with app.app_context():
        url = links.answer_url(assignment.id, assignment.staff_id, expires_at or links.expiry(assignment))
    assert url.startswith(f"{HOST}/answer/")
    return url.removeprefix(HOST)


def words(answer: Any) -> str:
    """What a page says, without its markup."""
    body = answer.get_data(as_text=True).split("<body>")[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
