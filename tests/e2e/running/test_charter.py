"""A charter from the request to the end of the ride: web, worker, beat and mails, everything real."""

import re
import urllib.parse
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from tests.e2e.conftest import Sink, System, eventually
from tests.scheduling.charters import add_service, tomorrow
from tests.scheduling.people import add_person, headers_of
from tests.world import World

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.timeout(240)]

CHARTERS = "/api/scheduling/appointments/"


def request_of(service_id: int) -> dict[str, Any]:
    return {
        "client": {"name": "Lerato Club", "email": "lerato@example.com", "phone": "+27 82 000 0000"},
        "pick_up": {"text": "Union Buildings"},
        "drop_off": {"stop": "A"},
        "start": tomorrow(10, days=3).isoformat(),
        "services": [service_id],
        "passengers": 8,
    }


def mails_to(sink: Sink, address: str, words: str) -> list[str]:
    """The plain parts of the mails to somebody whose subject has these words."""
    return [
        message.get_body(("plain",)).get_content()
        for message in list(sink.messages)
        if message["To"] == address and words in str(message["Subject"])
    ]


def test_a_charter_is_asked_for_assigned_accepted_by_the_mails_link_and_driven(
    world: World, system: System, sink: Sink
) -> None:
    service = add_service()
    operator = add_person("palesa", Role.OPERATOR)
    driver, colleague = (add_person(name, Role.DRIVER) for name in ("sipho", "themba"))
    as_operator, as_driver = headers_of(operator), headers_of(driver)

    made = system.call("POST", CHARTERS, request_of(service.id), Idempotency_Key="the-charter-form's-own-key")
    assert made.status == 201
    reference = made.json["reference"]
    eventually(lambda: mails_to(sink, "lerato@example.com", reference))
    eventually(lambda: mails_to(sink, operator.email, reference))

    crew = {"driver_id": driver.id, "attendant_ids": [], "bus_id": world.bus.id}
    assigned = system.call("POST", f"{CHARTERS}{reference}/assign", crew, **as_operator)
    assert (assigned.status, assigned.json["appointment"]["status"]) == (200, "assigned")
    told = eventually(lambda: mails_to(sink, driver.email, reference))[0]
    link = re.search(r"http\S+/answer/\S+", told)
    assert link is not None
    page = urllib.request.urlopen(link[0], timeout=30).read().decode()  # noqa: S310  ours
    assert "Union Buildings" in page
    shown = system.call("GET", f"{CHARTERS}{reference}", **as_operator).json
    assert shown["status"] == "assigned"  # Looking at the page changes nothing.
    urllib.request.urlopen(f"{link[0]}/accept", data=urllib.parse.urlencode({}).encode(), timeout=30).read()  # noqa: S310
    shown = system.call("GET", f"{CHARTERS}{reference}", **as_operator).json
    assert (shown["status"], shown["driver"]["status"]) == ("accepted", "accepted")
    eventually(lambda: mails_to(sink, "lerato@example.com", "confirmed"))

    handed = system.call("POST", f"{CHARTERS}{reference}/hand-over", {"to": colleague.id}, **as_driver)
    assert handed.status == 200
    assert system.call("POST", f"{CHARTERS}{reference}/accept", {}, **headers_of(colleague)).status == 200
    shown = system.call("GET", f"{CHARTERS}{reference}", **as_operator).json
    assert (shown["status"], shown["driver"]["id"]) == ("accepted", colleague.id)
    as_admin = headers_of(add_person("admin", Role.ADMIN))
    eventually(lambda: b'task="messaging.send_mail"' in system.call("GET", "/metrics", **as_admin).json)
    ids = [message["Message-ID"] for message in sink.messages]
    assert len(ids) == len(set(ids))


def test_who_does_not_answer_in_time_is_told_of_by_beat(world: World, system: System, sink: Sink) -> None:
    service = add_service("Coach alone")
    operator, driver = add_person("lindiwe", Role.OPERATOR), add_person("bongani", Role.DRIVER)
    as_operator = headers_of(operator)
    reference = system.call("POST", CHARTERS, request_of(service.id)).json["reference"]
    crew = {"driver_id": driver.id, "attendant_ids": [], "bus_id": None}
    assert system.call("POST", f"{CHARTERS}{reference}/assign", crew, **as_operator).status == 200
    before = clock.now() - timedelta(seconds=1)
    system.stop("beat")
    db.session.execute(text("UPDATE assignments SET answer_by = :before"), {"before": before})
    db.session.execute(text("DELETE FROM periodic_runs WHERE job = 'scheduling.escalate'"))
    db.session.commit()
    system.start_overdue_beat("scheduling.escalate")

    def unanswered() -> list[Any]:
        found = system.call("GET", "/api/scheduling/notifications/", **as_operator).json["results"]
        return [each for each in found if each["kind"] == "unanswered"]

    assert len(eventually(unanswered, 90)) == 1
