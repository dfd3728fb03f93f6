"""An operator changes a charter: other times are answered again, and what cannot be changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Appointment, AppointmentChange, AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.notifications.models import Notification
from tests.counting import statements
from tests.scheduling.appointments.asking import CHARTERS, codes_of, everything
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.people import add_person, headers_of
from tests.world import World


class Ride:
    """An accepted charter: a coach for two hours, driver and attendant; a charter of somebody else beside it."""

    def __init__(self, world: World) -> None:
        self.operator = add_person("palesa", Role.OPERATOR)
        self.headers = headers_of(self.operator)
        self.driver, self.colleague = (add_person(name, Role.DRIVER) for name in ("sipho", "themba"))
        self.attendant, self.traveller = add_person("ayanda", Role.ATTENDANT), add_person("thandi")
        self.coach = add_service()
        self.bus, self.other_bus = world.bus, world.add_bus("FB-9", world.layout)
        self.charter = add_charter(
            self.coach, client=self.traveller, status=AppointmentStatus.ACCEPTED, bus=self.bus, operator_id=1
        )
        self.driving = add_assignment(
            self.charter, self.driver, status=AssignmentStatus.ACCEPTED, escalated_at=clock.now()
        )
        self.serving = add_assignment(self.charter, self.attendant, CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
        self.other = add_charter(self.coach, bus=self.other_bus, starts=tomorrow(16), hours=2)
        db.session.commit()

    def change(self, client: FlaskClient, body: dict[str, Any]) -> Any:
        answer = client.patch(f"{CHARTERS}/{self.charter.reference}", json=body, headers=self.headers)
        db.session.rollback()
        db.session.expire_all()
        return answer

    def told(self) -> dict[int, tuple[str, int | None, str]]:
        """The kind, the assignment and the message of each person's notification."""
        rows = db.session.scalars(select(Notification)).all()
        assert len({row.staff_id for row in rows}) == len(rows)
        return {row.staff_id: (row.kind, row.assignment_id, row.message) for row in rows}

    def last_note(self) -> str:
        line = db.session.scalars(select(AppointmentChange).order_by(AppointmentChange.id.desc())).first()
        assert line is not None
        assert (line.action, line.by_id, line.status) == ("changed", self.operator.id, self.charter.status)
        return line.note


@pytest.fixture
def ride(world: World) -> Ride:
    return Ride(world)


def test_only_operators_change_charters(client: FlaskClient, ride: Ride) -> None:
    before, address = everything(), f"{CHARTERS}/{ride.charter.reference}"
    assert client.patch(address, json={"passengers": 2}).status_code == 401
    for who in (ride.driver, ride.traveller, add_person("agent", Role.AGENT)):
        assert client.patch(address, json={"passengers": 2}, headers=headers_of(who)).status_code == 403
    assert client.patch(f"{CHARTERS}/ZZZZ2222", json={"passengers": 2}, headers=ride.headers).status_code == 404
    assert everything()["appointments"] == before["appointments"]


def test_other_times_are_answered_again(client: FlaskClient, ride: Ride, app: Any) -> None:
    waiting = add_assignment(ride.charter, add_person("zola", Role.ATTENDANT), CrewRole.ATTENDANT)
    new = tomorrow(12, days=3)
    answer = ride.change(client, {"start": new.isoformat()})
    assert answer.status_code == 200
    assert (answer.json["start"], answer.json["end"]) == (new.isoformat(), (new + timedelta(hours=4)).isoformat())
    assert answer.json["status"] == "assigned"
    assert {(who["name"], who["status"]) for who in (answer.json["driver"], *answer.json["attendants"])} == {
        ("Sipho", "offered"), ("Ayanda", "offered"), ("Zola", "offered"),
    }  # fmt: skip
    for assignment in (ride.driving, ride.serving, waiting):
        assert (assignment.starts_at, assignment.ends_at) == (new, new + timedelta(hours=4))
    assert (ride.driving.answered_at, ride.driving.escalated_at) == (None, None)
    minutes = app.config["SETTINGS"].answer_minutes
    assert ride.driving.answer_by is not None
    assert abs(ride.driving.answer_by - clock.now() - timedelta(minutes=minutes)) < timedelta(minutes=1)
    was = (
        f"start {new:%a} {new.day} {new:%b} 12:00 (it was {tomorrow(10):%a} {tomorrow(10).day} {tomorrow(10):%b} 10:00)"
    )
    assert was in ride.last_note()
    told = ride.told()
    assert {who: (kind, assignment) for who, (kind, assignment, _) in told.items()} == {
        assignment.staff_id: ("changed", assignment.id) for assignment in (ride.driving, ride.serving, waiting)
    }
    assert was in told[ride.driver.id][2]


def test_an_answer_is_wanted_before_the_start(client: FlaskClient, ride: Ride) -> None:
    soon = clock.now() + timedelta(minutes=10)
    assert ride.change(client, {"start": soon.isoformat()}).status_code == 200
    assert ride.driving.answer_by == ride.charter.starts_at == soon


def test_a_pending_hand_over_ends_with_the_old_times(client: FlaskClient, ride: Ride) -> None:
    taking_over = add_assignment(ride.charter, ride.colleague, replaces_id=ride.driving.id)
    assert ride.change(client, {"end": tomorrow(15).isoformat()}).status_code == 200
    assert (taking_over.status, ride.driving.status) == ("withdrawn", "offered")
    kinds = {who: kind for who, (kind, _, _) in ride.told().items()}
    assert kinds == {ride.driver.id: "changed", ride.attendant.id: "changed", ride.colleague.id: "withdrawn"}


def test_a_rejected_charter_stays_rejected(client: FlaskClient, ride: Ride) -> None:
    ride.driving.reject("I am ill", at=clock.now())
    ride.charter.reject(at=clock.now(), by_id=ride.driver.id, reason="I am ill")
    db.session.commit()
    answer = ride.change(client, {"start": tomorrow(11).isoformat()})
    assert (answer.json["status"], answer.json["driver"]) == ("rejected", None)
    assert (ride.driving.status, ride.serving.status) == ("rejected", "offered")
    assert ride.driving.starts_at == tomorrow(10)


def test_everything_else_is_told_and_not_asked(client: FlaskClient, ride: Ride) -> None:
    guide = add_service("Guide", minutes=30, price=50_000)
    body = {
        "client": {"name": "Zola", "email": "Zola@Example.com"},
        "pick_up": {"stop": "A"},
        "drop_off": {"text": "Orlando"},
        "services": [guide.id, ride.coach.id],
        "passengers": 12,
        "note": "Three dogs",
    }
    answer = ride.change(client, body)
    assert answer.status_code == 200
    assert answer.json["client"] == {"name": "Zola", "email": "zola@example.com", "phone": None}
    assert (answer.json["pick_up"]["code"], answer.json["drop_off"]["name"]) == ("A", "Orlando")
    assert ([row["name"] for row in answer.json["services"]], answer.json["total_price"]) == (
        ["Guide", "Coach and driver"],
        "3000.00",
    )
    assert (answer.json["status"], answer.json["driver"]["status"], answer.json["note"]) == (
        "accepted",
        "accepted",
        "Three dogs",
    )
    note = ride.last_note()
    for words in ("passengers 12 (it was 10)", "drop-off Orlando (it was Soweto)", "client Zola", "the client's note"):
        assert words in note
    assert {who: (kind, assignment) for who, (kind, assignment, _) in ride.told().items()} == {
        ride.driver.id: ("changed", None),
        ride.attendant.id: ("changed", None),
    }


def test_what_was_promised_is_kept_whatever_it_costs_now(client: FlaskClient, ride: Ride) -> None:
    ride.coach.price, ride.coach.active, ride.coach.name = 999_999, False, "Gone"
    db.session.commit()
    guide = add_service("Guide", minutes=30, price=50_000)
    answer = ride.change(client, {"services": [ride.coach.id, guide.id]})
    assert [(row["name"], row["price"]) for row in answer.json["services"]] == [
        ("Coach and driver", "2500.00"),
        ("Guide", "500.00"),
    ]


def test_the_same_again_is_no_change(client: FlaskClient, ride: Ride) -> None:
    before = everything()
    same = {
        "start": tomorrow(10).isoformat(),
        "passengers": 10,
        "services": [ride.coach.id],
        "drop_off": {"text": "Soweto"},
    }
    bodies: list[dict[str, Any]] = [{}, {"client": {}}, same]
    for body in bodies:
        answer = ride.change(client, body)
        assert (answer.status_code, answer.json["status"]) == (200, "accepted")
    assert everything() == before


def test_a_phone_can_go_and_a_name_cannot(client: FlaskClient, ride: Ride) -> None:
    ride.change(client, {"client": {"phone": "+27 82 000 0000"}})
    answer = ride.change(client, {"client": {"phone": None}})
    assert (answer.status_code, answer.json["client"]["phone"]) == (200, None)
    assert codes_of(ride.change(client, {"client": {"name": None}})) == [("string_type", "/client/name")]


def test_a_bus_that_is_on_another_charter_then_changes_nothing(client: FlaskClient, ride: Ride) -> None:
    ride.other.bus_id = ride.bus.id
    db.session.commit()
    before = everything()
    answer = ride.change(client, {"start": tomorrow(15).isoformat(), "passengers": 3})
    assert (answer.status_code, answer.json["code"]) == (409, "bus_busy")
    assert everything() == before
    # It ends when the other begins: no overlap.
    assert ride.change(client, {"start": tomorrow(12).isoformat()}).status_code == 200


def test_a_bus_that_runs_a_line_then_changes_nothing(client: FlaskClient, ride: Ride, world: World) -> None:
    departure = world.add_schedule(days=3, bus=ride.bus).departure_time
    before = everything()
    answer = ride.change(client, {"start": departure.isoformat()})
    assert (answer.status_code, answer.json["code"]) == (409, "bus_busy")
    assert everything() == before


def test_a_crew_that_is_elsewhere_then_is_asked_all_the_same(client: FlaskClient, ride: Ride) -> None:
    add_assignment(ride.other, ride.driver, status=AssignmentStatus.ACCEPTED)
    assert ride.change(client, {"start": tomorrow(15).isoformat()}).status_code == 200
    assert ride.driving.status == "offered"


def test_more_passengers_than_seats_change_nothing(client: FlaskClient, ride: Ride) -> None:
    before = everything()
    answer = ride.change(client, {"passengers": 13, "note": "More of us"})
    assert (answer.status_code, answer.json["code"]) == (409, "bus_too_small")
    assert everything() == before
    assert ride.change(client, {"passengers": 12}).status_code == 200


@pytest.mark.parametrize("status", ["in_progress", "completed", "cancelled"])
def test_what_has_begun_or_is_cancelled_stays_as_it_is(status: str, client: FlaskClient, ride: Ride) -> None:
    db.session.execute(text("UPDATE appointments SET status = :status"), {"status": status})
    db.session.commit()
    before = everything()
    answer = ride.change(client, {"passengers": 2})
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"start": "2020-01-01T10:00:00Z"}, "start_in_past", "/start"),
        ({"start": "2027-01-01T10:00:00"}, "timezone_aware", "/start"),
        ({"start": None}, "datetime_type", "/start"),
        ({"end": "2020-01-01T10:00:00Z"}, "end_before_start", "/end"),
        ({"end": "9999-01-01T10:00:00Z"}, "value_error", "/end"),
        ({"services": [2]}, "too_short", "/services"),
        ({"services": [1, 99]}, "unknown_service", "/services/1"),
        ({"services": []}, "too_short", "/services"),
        ({"pick_up": {"stop": "NOPE"}}, "unknown_stop", "/pick_up/stop"),
        ({"passengers": 0}, "greater_than_equal", "/passengers"),
        ({"note": "x" * 10_000}, "too_long", "/note"),
        ({"status": "completed"}, "extra_forbidden", "/status"),
        ({"client": {"id": 1}}, "extra_forbidden", "/client/id"),
    ],
)
def test_a_bad_change_is_refused_and_nothing_written(
    body: dict[str, Any], code: str, pointer: str, client: FlaskClient, ride: Ride
) -> None:
    add_service("A day in the bush", minutes=1440)
    before = everything()
    assert codes_of(ride.change(client, body)) == [(code, pointer)]
    assert everything() == before


def test_services_of_another_currency_do_not_mix(client: FlaskClient, ride: Ride) -> None:
    tour = add_service("Tour", minutes=30)
    tour.currency = "USD"
    db.session.commit()
    before = everything()
    assert codes_of(ride.change(client, {"services": [ride.coach.id, tour.id]})) == [("mixed_currencies", "/services")]
    assert everything() == before
    assert ride.change(client, {"services": [tour.id]}).json["currency"] == "USD"


def test_a_charter_that_was_moved_can_be_found_by_its_new_day(client: FlaskClient, ride: Ride) -> None:
    day = tomorrow(10, days=5)
    ride.change(client, {"start": day.isoformat()})
    found = client.get(f"{CHARTERS}?start_from={day.date()}", headers=ride.headers).json["results"]
    assert [row["reference"] for row in found] == [ride.charter.reference]
    assert db.session.query(Appointment).count() == 2


def test_the_statements_of_a_change_do_not_grow_with_the_crew(client: FlaskClient, ride: Ride) -> None:
    address = f"{CHARTERS}/{ride.charter.reference}"
    ride.change(client, {"start": tomorrow(9).isoformat()})
    with statements() as few:
        client.patch(address, json={"start": tomorrow(11).isoformat()}, headers=ride.headers)
    for number in range(8):
        add_assignment(ride.charter, add_person(f"guide{number}", Role.ATTENDANT), CrewRole.ATTENDANT)
    with statements() as many:
        client.patch(address, json={"start": tomorrow(12).isoformat()}, headers=ride.headers)
    assert db.session.query(Assignment).count() == 10
    assert len(many) == len(few), "\n".join(many)
