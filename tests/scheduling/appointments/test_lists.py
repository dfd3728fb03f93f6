"""Who finds which charters in lists and one by one, and what they read of them."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from falconbus.accounts.models import Role, User
from falconbus.platform.database.engine import db
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.counting import statements
from tests.scheduling.appointments.asking import CHARTERS, codes_of
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.people import add_person, headers_of
from tests.world import World


class Office:
    """An operator, two drivers, an attendant, two travellers; a charter that is theirs, and one that is others'."""

    def __init__(self, world: World) -> None:
        self.operator = add_person("palesa", Role.OPERATOR)
        self.driver, self.other_driver = (add_person(name, Role.DRIVER) for name in ("sipho", "themba"))
        self.attendant = add_person("ayanda", Role.ATTENDANT)
        self.traveller, self.other_traveller = add_person("thandi"), add_person("zola")
        self.coach, self.guide = add_service(), add_service("Guide", minutes=30, price=50_050)
        self.charter = add_charter(
            self.coach, self.guide, client=self.traveller, bus=world.bus, operator_id=self.operator.id,
            status=AppointmentStatus.ASSIGNED, note="Two dogs", starts=tomorrow(10, days=2),
        )  # fmt: skip
        self.other = add_charter(
            self.coach, client=self.other_traveller, status=AppointmentStatus.REJECTED, rejection_reason="I am ill",
            rejected_by_id=self.other_driver.id, starts=tomorrow(10, days=9),
        )  # fmt: skip
        add_assignment(self.charter, self.driver, status=AssignmentStatus.ACCEPTED)
        add_assignment(self.charter, self.attendant, CrewRole.ATTENDANT)
        add_assignment(self.other, self.other_driver, status=AssignmentStatus.REJECTED, reason="I am ill")
        history.record(self.charter, Action.REQUESTED, by_id=self.traveller.id)
        history.record(self.charter, Action.ASSIGNED, by_id=self.operator.id, note="Ask Sipho first")
        history.record(self.charter, Action.ACCEPTED, by_id=self.driver.id, note="Fine")
        db.session.commit()


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def seen(client: FlaskClient, who: User, query: str = "") -> list[str]:
    """The references of somebody's list, in its order."""
    answer = client.get(f"{CHARTERS}/{query}", headers=headers_of(who))
    assert answer.status_code == 200, answer.json
    return [row["reference"] for row in answer.json["results"]]


def shown(client: FlaskClient, who: User, charter: Appointment) -> Any:
    return client.get(f"{CHARTERS}/{charter.reference}", headers=headers_of(who))


def test_a_list_needs_somebody_who_is_signed_in(client: FlaskClient) -> None:
    assert client.get(CHARTERS).status_code == 401


def test_everybody_finds_theirs(client: FlaskClient, office: Office) -> None:
    charter, other = office.charter.reference, office.other.reference
    assert seen(client, office.operator) == [other, charter]
    assert seen(client, office.driver) == seen(client, office.attendant) == seen(client, office.traveller) == [charter]
    assert seen(client, office.other_driver) == seen(client, office.other_traveller) == [other]
    assert seen(client, add_person("nobody")) == seen(client, add_person("agent", Role.AGENT)) == []
    assert seen(client, add_person("admin", Role.ADMIN)) == [other, charter]


def test_what_is_somebody_elses_does_not_exist(client: FlaskClient, office: Office) -> None:
    for who in (office.driver, office.attendant, office.traveller):
        assert shown(client, who, office.charter).status_code == 200
        assert shown(client, who, office.other).status_code == 404
    assert shown(client, add_person("agent", Role.AGENT), office.charter).status_code == 404
    assert client.get(f"{CHARTERS}/{office.charter.reference}").status_code == 404
    assert client.get(f"{CHARTERS}/%00", headers=headers_of(office.operator)).status_code == 404


def test_a_row_has_everything_that_a_dispatcher_asks_for(client: FlaskClient, office: Office, world: World) -> None:
    rows = client.get(CHARTERS, headers=headers_of(office.operator)).json["results"]
    assert rows[1] == {
        "reference": office.charter.reference,
        "status": "assigned",
        "client": {"name": "Lerato Club", "email": office.traveller.email, "phone": None},
        "pick_up": {"code": None, "name": "Union Buildings"},
        "drop_off": {"code": None, "name": "Soweto"},
        "start": tomorrow(10, days=2).isoformat(),
        "end": tomorrow(14, days=2).isoformat(),
        "passengers": 10,
        "services": [
            {"id": office.coach.id, "name": "Coach and driver", "duration": 120, "price": "2500.00"},
            {"id": office.guide.id, "name": "Guide", "duration": 30, "price": "500.50"},
        ],
        "total_duration": 150,
        "total_price": "3000.50",
        "currency": "ZAR",
        "driver": {"id": office.driver.id, "name": "Sipho", "status": "accepted"},
        "attendants": [{"id": office.attendant.id, "name": "Ayanda", "status": "offered"}],
        "operator": {"id": office.operator.id, "name": "Palesa"},
        "bus": world.bus.number,
        "rejection": None,
        "created_at": rows[1]["created_at"],
    }
    assert rows[0]["rejection"] == {"by": {"id": office.other_driver.id, "name": "Themba"}, "reason": "I am ill"}
    assert rows[0]["driver"] is None


def test_the_driver_is_who_has_accepted_while_a_colleague_is_asked_to_take_over(
    client: FlaskClient, office: Office
) -> None:
    add_assignment(office.charter, office.other_driver)
    assert shown(client, office.operator, office.charter).json["driver"]["name"] == "Sipho"
    assert seen(client, office.other_driver) == [office.other.reference, office.charter.reference]


def test_clients_read_no_reasons_and_no_keys_of_the_staff(client: FlaskClient, office: Office) -> None:
    own = shown(client, office.traveller, office.charter).json
    assert own["note"] == "Two dogs"
    assert own["driver"] == {"id": None, "name": "Sipho", "status": "accepted"}
    assert (own["attendants"], own["operator"]) == ([], {"id": None, "name": "Palesa"})
    assert [(line["action"], line["by"], line["note"]) for line in own["history"]] == [
        ("requested", None, ""),
        ("accepted", None, ""),
    ]
    for answer in (
        shown(client, office.other_traveller, office.other),
        client.get(CHARTERS, headers=headers_of(office.other_traveller)),
    ):
        assert answer.status_code == 200
        assert "I am ill" not in answer.text
    crew = shown(client, office.driver, office.charter).json
    assert [(line["action"], line["by"]["name"], line["note"]) for line in crew["history"]] == [
        ("requested", "Thandi", ""),
        ("assigned", "Palesa", "Ask Sipho first"),
        ("accepted", "Sipho", "Fine"),
    ]


def test_a_driver_is_a_client_where_it_is_their_own_ride(client: FlaskClient, office: Office) -> None:
    own = add_charter(
        office.coach, client=office.driver, status=AppointmentStatus.REJECTED, rejection_reason="No",
        rejected_by_id=office.other_driver.id, starts=tomorrow(10, days=5),
    )  # fmt: skip
    rows = client.get(CHARTERS, headers=headers_of(office.driver)).json["results"]
    assert [(row["reference"], row["rejection"], row["attendants"] == []) for row in rows] == [
        (own.reference, None, True),
        (office.charter.reference, None, False),
    ]


def test_lists_are_narrowed(client: FlaskClient, office: Office) -> None:
    charter, other, operator = office.charter.reference, office.other.reference, office.operator
    day = (tomorrow(0, days=2)).date()
    assert seen(client, operator, "?status=assigned") == [charter]
    assert seen(client, operator, f"?staff={office.driver.id}") == [charter]
    # Who said no is not on it any more, but may look at it.
    assert seen(client, operator, f"?staff={office.other_driver.id}") == []
    assert seen(client, office.driver, f"?staff={office.attendant.id}") == [charter]
    assert seen(client, office.traveller, f"?staff={office.other_driver.id}") == []
    assert seen(client, operator, f"?client_email={office.traveller.email.upper()}") == [charter]
    assert seen(client, office.driver, f"?client_email={office.other_traveller.email}") == []
    assert seen(client, operator, f"?start_from={day}&start_to={day}") == [charter]
    assert seen(client, operator, f"?start_from={day + timedelta(days=1)}") == [other]
    assert seen(client, operator, f"?start_to={day - timedelta(days=1)}") == []
    start = quote(tomorrow(10, days=2).isoformat())
    assert seen(client, operator, f"?start_from={start}&start_to={start}") == [charter]
    assert seen(client, operator, f"?status=rejected&staff={office.driver.id}&start_from={day}") == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("status=lost", "status"),
        ("staff=0", "staff"),
        ("staff=99999999999", "staff"),
        ("start_from=tomorrow", "start_from"),
        ("start_to=2026-11-27T10:00:00", "start_to"),
        ("start_to=9999-12-31", "start_to"),
        ("cursor=nonsense", "cursor"),
        ("page_size=101", "page_size"),
        ("fields=reference,secrets", "fields"),
        ("whose=mine", "whose"),
    ],
)
def test_a_bad_parameter_is_named(query: str, parameter: str, client: FlaskClient, office: Office) -> None:
    answer = client.get(f"{CHARTERS}?{query}", headers=headers_of(office.operator))
    assert [place for _, place in codes_of(answer)] == [parameter]


def test_only_some_fields(client: FlaskClient, office: Office) -> None:
    answer = client.get(f"{CHARTERS}?fields=reference,total_price", headers=headers_of(office.traveller))
    assert answer.json["results"] == [{"reference": office.charter.reference, "total_price": "3000.50"}]


@pytest.mark.parametrize("who", ["operator", "driver", "traveller"])
def test_pages_follow_one_another_and_lead_back(who: str, client: FlaskClient, office: Office) -> None:
    person: User = getattr(office, who)
    for number in range(4):
        made = add_charter(office.coach, client=office.traveller, starts=tomorrow(10, days=20 + number))
        add_assignment(made, office.driver)
        # Asked twice: it is in the list once.
        add_assignment(made, office.driver, status=AssignmentStatus.WITHDRAWN)
    everything = seen(client, person)
    assert len(everything) == (6 if who == "operator" else 5)
    found, address = [], f"{CHARTERS}?page_size=2"
    while address:
        page = client.get(address, headers=headers_of(person)).json
        found.append([row["reference"] for row in page["results"]])
        address = page["next"]
    assert [reference for one in found for reference in one] == everything
    back = client.get(page["previous"], headers=headers_of(person)).json
    assert [row["reference"] for row in back["results"]] == found[-2]


MANY = """
    INSERT INTO appointments (reference, status, client_id, client_name, client_email, pick_up_text, drop_off_stop_id,
            starts_at, ends_at, time_zone, passengers, currency, operator_id, created_at)
        SELECT 'M' || lpad(n::text, 7, '0'), 'assigned', :client, 'Many', 'many@example.com', 'Here',
            (SELECT min(id) FROM stops), now() + (n + 20) * interval '1 day',
            now() + (n + 20) * interval '1 day' + interval '1 hour',
            'Africa/Johannesburg', 3, 'ZAR', :operator, now()
        FROM generate_series(1, 100) n;
    INSERT INTO appointment_services (appointment_id, service_id, number, name, duration_minutes, price)
        SELECT a.id, s.id, s.id, s.name, 10, 10 FROM appointments a, services s WHERE reference LIKE 'M0%';
    INSERT INTO assignments (appointment_id, staff_id, part, status, starts_at, ends_at, offered_at)
        SELECT id, :driver, 'driver', 'accepted', starts_at, ends_at, now() FROM appointments WHERE reference LIKE 'M0%'
"""


@pytest.mark.parametrize("who", ["operator", "driver", "traveller"])
def test_a_hundred_rows_cost_as_many_statements_as_one(who: str, client: FlaskClient, office: Office) -> None:
    headers = headers_of(getattr(office, who))
    with statements() as few:
        client.get(f"{CHARTERS}?page_size=1", headers=headers)
    keys = {"client": office.traveller.id, "operator": office.operator.id, "driver": office.driver.id}
    for statement in MANY.split(";"):
        db.session.execute(text(statement), keys)
    db.session.commit()
    with statements() as many:
        rows = client.get(f"{CHARTERS}?page_size=100", headers=headers).json["results"]
    assert len(rows) == 100
    assert all(row["driver"]["name"] == "Sipho" and len(row["services"]) == 2 for row in rows)
    assert len(many) == len(few) == 2, "\n".join(many)  # One of them is the authentication's.
