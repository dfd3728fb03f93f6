"""The services on offer: read by anybody, kept by operators; what was promised does not change."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.scheduling.catalogue.models import Service
from tests.counting import statements
from tests.scheduling.appointments.asking import CHARTERS, SERVICES, ask, body_of, codes_of, everything
from tests.scheduling.charters import add_service
from tests.scheduling.people import add_person, headers_of
from tests.world import World

NEW = {"name": "Guide", "duration": 60, "price": "750.50"}


@pytest.fixture
def operator(world: World) -> dict[str, str]:
    """What an operator's requests bear; a service is on offer beside what tests make."""
    add_service()
    return headers_of(add_person("palesa", Role.OPERATOR))


def test_only_who_dispatches_keeps_services(client: FlaskClient, operator: dict[str, str]) -> None:
    before = everything()
    for headers, status in (
        (None, 401),
        (headers_of(add_person("thandi")), 403),
        (headers_of(add_person("sipho", Role.DRIVER)), 403),
        (headers_of(add_person("agent", Role.AGENT)), 403),
    ):
        assert client.post(SERVICES, json=NEW, headers=headers).status_code == status
        assert client.patch(f"{SERVICES}/1", json={"price": "1.00"}, headers=headers).status_code == status
    assert everything() == before


def test_an_operator_offers_a_service_and_everybody_reads_it(client: FlaskClient, operator: dict[str, str]) -> None:
    made = client.post(SERVICES, json={**NEW, "description": "Speaks\nZulu"}, headers=operator)
    assert made.status_code == 201
    assert made.json == {
        "id": made.json["id"], "name": "Guide", "description": "Speaks\nZulu", "duration": 60, "price": "750.50",
        "currency": "ZAR", "active": True,
    }  # fmt: skip
    assert client.get(f"{SERVICES}/{made.json['id']}").json == made.json
    assert [row["name"] for row in client.get(f"{SERVICES}/").json["results"]] == ["Coach and driver", "Guide"]


def test_what_is_no_longer_offered_is_for_operators(client: FlaskClient, operator: dict[str, str]) -> None:
    gone = client.post(SERVICES, json={**NEW, "active": False}, headers=operator).json
    assert [row["name"] for row in client.get(SERVICES).json["results"]] == ["Coach and driver"]
    assert client.get(f"{SERVICES}/{gone['id']}").status_code == 404
    assert client.get(f"{SERVICES}/{gone['id']}", headers=operator).json == gone
    assert client.get(f"{SERVICES}/999", headers=operator).status_code == 404
    assert len(client.get(f"{SERVICES}?all=true", headers=operator).json["results"]) == 2
    assert codes_of(client.get(f"{SERVICES}?all=true")) == [("invalid", "all")]


def test_a_change_is_for_charters_to_come(client: FlaskClient, operator: dict[str, str]) -> None:
    service = db.session.query(Service).one()
    made = ask(client, body_of(service))
    changes = {"name": "Small coach", "price": "9999", "duration": 600, "active": False}
    changed = client.patch(f"{SERVICES}/{service.id}", json=changes, headers=operator)
    assert (changed.status_code, changed.json["price"], changed.json["duration"]) == (200, "9999.00", 600)
    shown = client.get(f"{CHARTERS}/{made['reference']}", headers=operator).json
    assert (shown["services"], shown["total_price"], shown["end"]) == (made["services"], "2500.00", made["end"])


def test_two_services_never_bear_one_name(client: FlaskClient, operator: dict[str, str]) -> None:
    other = add_service("Guide")
    before = everything()
    for answer in (
        client.post(SERVICES, json=NEW, headers=operator),
        client.patch(f"{SERVICES}/{other.id}", json={"name": "Coach and driver"}, headers=operator),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "service_exists")
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"name": " "}, "string_too_short", "/name"),
        ({"name": "x" * 101}, "too_long", "/name"),
        ({"name": None}, "string_type", "/name"),
        ({"duration": -1}, "greater_than_equal", "/duration"),
        ({"duration": 100_001}, "less_than_equal", "/duration"),
        ({"price": "-1.00"}, "string_pattern_mismatch", "/price"),
        ({"price": "1.005"}, "bad_price", "/price"),
        ({"price": "999999999"}, "bad_price", "/price"),
        ({"price": 5}, "string_type", "/price"),
        ({"description": "x" * 2001}, "too_long", "/description"),
        ({"currency": "USD"}, "extra_forbidden", "/currency"),
    ],
)
def test_a_bad_service_is_refused(
    changes: dict[str, Any], code: str, pointer: str, client: FlaskClient, operator: dict[str, str]
) -> None:
    before = everything()
    assert codes_of(client.post(SERVICES, json={**NEW, **changes}, headers=operator)) == [(code, pointer)]
    assert codes_of(client.patch(f"{SERVICES}/1", json=changes, headers=operator)) == [(code, pointer)]
    assert client.patch(f"{SERVICES}/999", json={"price": "1.00"}, headers=operator).status_code == 404
    assert everything() == before


def test_a_hundred_services_cost_one_statement(client: FlaskClient, operator: dict[str, str]) -> None:
    for number in range(100):
        db.session.add(Service(name=f"S{number:03}", duration_minutes=1, price=1, currency="ZAR"))
    db.session.commit()
    with statements() as sent:
        answer = client.get(f"{SERVICES}?page_size=100")
    assert (len(answer.json["results"]), answer.json["results"][0]["name"]) == (100, "Coach and driver")
    assert answer.json["next"] is not None
    assert len(sent) == 1, "\n".join(sent)
