"""Clients ask for charters; what cannot be is said, and nothing is written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import references
from falconbus.scheduling.appointments.models import Appointment, AppointmentChange
from falconbus.scheduling.catalogue.models import Service
from falconbus.scheduling.notifications.models import Notification
from tests.calls import bearer
from tests.counting import statements
from tests.scheduling.appointments.asking import CHARTERS, ask, body_of, codes_of, everything
from tests.scheduling.charters import add_charter, add_service, tomorrow
from tests.scheduling.people import add_person, headers_of
from tests.world import World


@pytest.fixture
def service(world: World) -> Service:
    """A coach for two hours at R2500; somebody else's charter beside it."""
    service = add_service()
    add_charter(service)
    return service


def test_anybody_may_ask_and_learns_all_of_it(client: FlaskClient, service: Service) -> None:
    guide = add_service("Guide", minutes=30, price=50_000)
    made = ask(client, body_of(guide, service, note="A wheelchair.\r\nTwo dogs."))
    start = tomorrow(10)
    assert made["status"] == "pending"
    assert made["client"] == {"name": "Lerato Club", "email": "lerato@example.com", "phone": "+27 82 000 0000"}
    assert made["pick_up"] == {"code": None, "name": "Union Buildings"}
    assert made["drop_off"] == {"code": "B", "name": "City B, Station B"}
    assert (made["start"], made["end"]) == (start.isoformat(), (start + timedelta(minutes=150)).isoformat())
    assert made["services"] == [
        {"id": guide.id, "name": "Guide", "duration": 30, "price": "500.00"},
        {"id": service.id, "name": "Coach and driver", "duration": 120, "price": "2500.00"},
    ]
    assert (made["total_duration"], made["total_price"], made["currency"]) == (150, "3000.00", "ZAR")
    assert (made["driver"], made["attendants"], made["operator"], made["bus"]) == (None, [], None, None)
    assert (made["note"], made["rejection"]) == ("A wheelchair.\nTwo dogs.", None)
    assert [(line["action"], line["status"], line["by"]) for line in made["history"]] == [
        ("requested", "pending", None)
    ]


def test_the_token_shows_that_charter_and_no_other(client: FlaskClient, service: Service) -> None:
    made, other = ask(client, body_of(service)), ask(client, body_of(service))
    headers = bearer(made["manage_token"])
    shown = client.get(f"{CHARTERS}/{made['reference'].lower()[:4]}-{made['reference'][4:]}/", headers=headers)
    assert shown.status_code == 200
    assert shown.json == {name: value for name, value in made.items() if name != "manage_token"}
    assert client.get(f"{CHARTERS}/{other['reference']}", headers=headers).status_code == 404
    assert client.get(f"{CHARTERS}/{made['reference']}").status_code == 404
    forged = made["manage_token"][:-4] + "AAAA"
    assert client.get(f"{CHARTERS}/{made['reference']}", headers=bearer(forged)).status_code == 401


def test_operators_are_told_what_they_need_to_know(client: FlaskClient, service: Service) -> None:
    operator, away = add_person("palesa", Role.OPERATOR), add_person("nomsa", Role.OPERATOR)
    away.active = False
    add_person("sipho", Role.DRIVER)
    db.session.commit()
    made = ask(client, body_of(service, start=datetime(2027, 11, 26, 10, tzinfo=UTC).isoformat(), note="Two dogs"))
    db.session.rollback()
    told = db.session.scalars(select(Notification)).all()
    assert [(each.staff_id, each.kind) for each in told] == [(operator.id, "requested")]
    assert told[0].title == f"Charter {made['reference']}: Fri 26 Nov 12:00, Union Buildings to City B, Station B"
    assert told[0].appointment_id == db.session.scalar(
        select(Appointment.id).where(Appointment.reference == made["reference"])
    )
    for word in ("Lerato Club", "lerato@example.com", "+27 82 000 0000", "10 passengers", "Coach and driver", "dogs"):
        assert word in told[0].message


def test_a_travellers_charter_is_their_accounts_and_an_operator_asks_for_others(
    client: FlaskClient, service: Service
) -> None:
    traveller, operator = add_person("thandi"), add_person("palesa", Role.OPERATOR)
    own = ask(client, body_of(service), headers_of(traveller))
    asked = ask(client, body_of(service, client={"name": "Zola", "email": traveller.email}), headers_of(operator))
    db.session.rollback()
    rows = {row.reference: row for row in db.session.scalars(select(Appointment))}
    assert rows[own["reference"]].client_id == traveller.id
    assert rows[asked["reference"]].client_id is None
    lines = {line.appointment_id: line.by_id for line in db.session.scalars(select(AppointmentChange))}
    assert lines[rows[own["reference"]].id] == traveller.id
    assert lines[rows[asked["reference"]].id] == operator.id


def test_times_are_those_of_the_pick_up(client: FlaskClient, service: Service, world: World) -> None:
    world.add_stop("LDN", time_zone="Europe/London")
    world.commit()
    start = datetime(2027, 7, 1, 9, tzinfo=UTC)
    made = ask(client, body_of(service, pick_up={"stop": "ldn"}, start=start.isoformat()))
    assert (made["start"], made["pick_up"]["code"]) == ("2027-07-01T10:00:00+01:00", "LDN")


def test_a_charter_without_length_takes_a_quarter_of_an_hour(client: FlaskClient, service: Service) -> None:
    made = ask(client, body_of(add_service("Flowers", minutes=0)))
    assert made["end"] == (tomorrow(10) + timedelta(minutes=15)).isoformat()


def test_a_repeated_key_makes_one_charter(client: FlaskClient, service: Service) -> None:
    headers = {"Idempotency-Key": "the-key-of-this-form"}
    first, second = (ask(client, body_of(service), headers) for _ in range(2))
    assert first == second
    db.session.rollback()
    assert db.session.query(Appointment).count() == 2  # The other is the fixture's.


def test_a_reference_that_is_taken_is_drawn_again(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = db.session.scalars(select(Appointment.reference)).one()
    drawn = iter([taken, "ZZZZ2222"])
    monkeypatch.setattr(references, "new_reference", lambda: next(drawn))
    assert ask(client, body_of(service))["reference"] == "ZZZZ2222"


def test_twenty_services_cost_no_more_statements_than_one(client: FlaskClient, service: Service) -> None:
    services = [add_service(f"Service {number}", minutes=1) for number in range(20)]
    with statements() as few:
        ask(client, body_of(services[0]))
    with statements() as many:
        ask(client, body_of(*services))
    assert len(many) == len(few), "\n".join(many)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a start without an offset": ({"start": "2027-11-27T10:00:00"}, "timezone_aware", "/start"),
    "a start that is a number": ({"start": 1_900_000_000}, "datetime_type", "/start"),
    "a start that is a number in quotes": ({"start": "1900000000"}, "value_error", "/start"),
    "a start that is a day": ({"start": "2027-11-27"}, "value_error", "/start"),
    "a start in the past": ({"start": "2020-11-27T10:00:00Z"}, "start_in_past", "/start"),
    "a start in the first year": ({"start": "0001-01-01T00:00:00+14:00"}, "value_error", "/start"),
    "a start in five years": ({"start": (tomorrow(10, days=5 * 365)).isoformat()}, "invalid", "/start"),
    "a start in the last year": ({"start": "9999-12-31T23:59:59-14:00"}, "value_error", "/start"),
    "an end before the start": ({"end": tomorrow(9).isoformat()}, "end_before_start", "/end"),
    "an end at the start": ({"end": tomorrow(10).isoformat()}, "end_before_start", "/end"),
    "an end too soon": ({"end": tomorrow(11).isoformat()}, "too_short", "/end"),
    "an end in three weeks": ({"end": tomorrow(10, days=22).isoformat()}, "invalid", "/end"),
    "no services": ({"services": []}, "too_short", "/services"),
    "too many services": ({"services": list(range(1, 22))}, "too_long", "/services"),
    "a service twice": ({"services": [1, 1]}, "value_error", "/services"),
    "a service nobody offers": ({"services": [1, 999]}, "unknown_service", "/services/1"),
    "a service past all numbers": ({"services": [2**31]}, "less_than_equal", "/services/0"),
    "a stop nobody knows": ({"drop_off": {"stop": "NOPE"}}, "unknown_stop", "/drop_off/stop"),
    "a pick-up that nobody knows": ({"pick_up": {"stop": "NOPE"}}, "unknown_stop", "/pick_up/stop"),
    "a place that is two": ({"pick_up": {"stop": "A", "text": "Here"}}, "value_error", "/pick_up"),
    "a place that is none": ({"pick_up": {}}, "value_error", "/pick_up"),
    "an empty text": ({"pick_up": {"text": "  "}}, "string_too_short", "/pick_up/text"),
    "a long text": ({"pick_up": {"text": "x" * 201}}, "too_long", "/pick_up/text"),
    "a text with a control character": ({"pick_up": {"text": "a\u0000b"}}, "value_error", "/pick_up/text"),
    "nobody to carry": ({"passengers": 0}, "greater_than_equal", "/passengers"),
    "a thousand and one": ({"passengers": 1001}, "less_than_equal", "/passengers"),
    "passengers in quotes": ({"passengers": "10"}, "int_type", "/passengers"),
    "no e-mail": ({"client": {"name": "L", "email": "nobody"}}, "value_error", "/client/email"),
    "no name": ({"client": {"name": "", "email": "l@example.com"}}, "string_too_short", "/client/name"),
    "a bad phone": (
        {"client": {"name": "L", "email": "l@example.com", "phone": "call me"}}, "string_pattern_mismatch",
        "/client/phone",
    ),
    "a long note": ({"note": "x" * 10_000}, "too_long", "/note"),
    "a note with a control character": ({"note": "a\u0000b"}, "string_pattern_mismatch", "/note"),
    "what nobody asked for": ({"status": "accepted"}, "extra_forbidden", "/status"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_is_said_and_nothing_written(bad: str, client: FlaskClient, service: Service) -> None:
    changes, code, pointer = BAD[bad]
    assert service.id == 1
    add_person("palesa", Role.OPERATOR)
    before = everything()
    answer = client.post(CHARTERS, json=body_of(service, **changes))
    assert codes_of(answer) == [(code, pointer)]
    assert everything() == before


def test_a_service_that_is_gone_is_not_promised(client: FlaskClient, service: Service) -> None:
    gone = add_service("Champagne")
    gone.active = False
    db.session.commit()
    before = everything()
    answer = client.post(CHARTERS, json=body_of(service, gone))
    assert codes_of(answer) == [("unknown_service", "/services/1")]
    assert everything() == before


def test_services_of_two_currencies_are_asked_for_apart(client: FlaskClient, service: Service) -> None:
    db.session.execute(text("UPDATE services SET currency = 'USD' WHERE id = :id"), {"id": add_service("Tour").id})
    db.session.commit()
    before = everything()
    answer = client.post(CHARTERS, json=body_of(service, services=[1, 2]))
    assert codes_of(answer) == [("mixed_currencies", "/services")]
    assert everything() == before


def test_services_that_take_longer_than_two_weeks_are_too_many(client: FlaskClient, service: Service) -> None:
    tour = add_service("Tour of Africa", minutes=100_000)
    before = everything()
    assert codes_of(client.post(CHARTERS, json=body_of(tour))) == [("invalid", "/services")]
    assert everything() == before
