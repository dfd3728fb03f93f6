"""Who cannot do it any more is taken off what they had, whoever closed the account: nothing stays with nobody."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.lapses import handing_back
from tests.scheduling.charters import add_charter, tomorrow
from tests.scheduling.dispatch.consistency import check_consistent
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told
from tests.scheduling.people import add_person, headers_of
from tests.world import World


@pytest.fixture
def office(client: FlaskClient, world: World) -> Office:
    return Office(client)


def close(who: User) -> None:
    """Close an account as the command does."""
    who.active = False
    db.session.commit()


def lose_role(who: User) -> None:
    who.roles = [Role.AGENT]
    db.session.commit()


def hand_back() -> int:
    return transactions.run(handing_back.hand_back)


def test_an_account_closed_by_the_command_is_on_no_ride_any_more(office: Office, app: FalconBus) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho, office.thabo)
    before = state()
    assert hand_back() == 0
    assert state() == before
    result = app.test_cli_runner().invoke(args=["user", "deactivate", office.sipho.email])
    assert result.exit_code == 0, result.output
    assert hand_back() == 1
    assert status_of(charter) == "rejected"
    assert crew_of(charter) == [
        (office.sipho.id, "driver", "rejected"),
        (office.thabo.id, "attendant", "accepted"),
    ]
    assert check_consistent(charter.id) == "rejected"
    assert told(office.operator)[-1].message.endswith("Reason: the account is closed")
    answer = office.assign(charter, office.anna, office.thabo)
    assert (answer.status_code, answer.json["appointment"]["status"]) == (200, "assigned")
    assert hand_back() == 0


@pytest.mark.parametrize("change", [close, lose_role])
def test_who_is_only_asked_is_asked_no_more(office: Office, change: object) -> None:
    charter, other = add_charter(), add_charter(starts=tomorrow(10, days=2))
    office.assign(charter, office.sipho)
    office.assign(other, office.anna)
    assert callable(change)
    change(office.sipho)
    assert hand_back() == 1
    assert (status_of(charter), status_of(other)) == ("rejected", "assigned")
    assert crew_of(charter) == [(office.sipho.id, "driver", "rejected")]
    assert kinds(office.operator)[-1] == "rejected"


def test_who_was_to_take_over_leaves_it_with_the_colleague(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    close(office.anna)
    assert hand_back() == 1
    assert status_of(charter) == "accepted"
    assert [status for *_, status in crew_of(charter)] == ["accepted", "rejected"]
    assert told(office.sipho)[-1].title.endswith("Anna does not take over from you")
    assert check_consistent(charter.id) == "accepted"


def test_who_hands_over_and_goes_leaves_no_offer_behind(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    close(office.sipho)
    assert hand_back() == 1
    assert [status for *_, status in crew_of(charter)] == ["rejected", "withdrawn"]
    assert check_consistent(charter.id) == "rejected"


@pytest.mark.parametrize("change", [close, lose_role])
def test_a_departure_is_without_them_and_shown_so(
    office: Office, world: World, client: FlaskClient, change: object
) -> None:
    schedule, other = world.add_schedule(days=2), world.add_schedule(days=3)
    headers = headers_of(office.operator)
    for each, driver in ((schedule, office.sipho), (other, office.anna)):
        address = f"/api/v1/scheduling/schedules/{each.id}/crew"
        crew = {"driver_id": driver.id, "attendant_ids": [office.thabo.id]}
        assert client.put(address, json=crew, headers=headers).status_code == 200
    assert callable(change)
    change(office.sipho)
    assert (hand_back(), hand_back()) == (1, 0)
    statement = select(Assignment.schedule_id, Assignment.staff_id).where(Assignment.schedule_id.is_not(None))
    assert {(row.schedule_id, row.staff_id) for row in db.session.execute(statement)} == {
        (schedule.id, office.thabo.id),
        (other.id, office.anna.id),
        (other.id, office.thabo.id),
    }
    uncrewed = client.get("/api/v1/scheduling/schedules/uncrewed", headers=headers).json["results"]
    assert schedule.id in {row["schedule_id"] for row in uncrewed}
    assert "Sipho is off 1 departure" in told(office.operator)[-1].title
    assert (kinds(office.sipho)[-1] == "unrostered") == (change is lose_role), "who has no account reads nothing"


def test_what_has_begun_stays_with_them(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, late = add_charter(starts=clock.now() + timedelta(hours=1)), add_charter(starts=tomorrow(10, days=2))
    office.accepted(begun, office.sipho)
    office.accepted(late, office.sipho)
    office.post(begun, "begin", office.sipho)
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    close(office.sipho)
    assert hand_back() == 1
    assert (status_of(begun), status_of(late)) == ("in_progress", "rejected")


def test_a_charter_that_somebody_works_on_is_left_for_the_next_run(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    close(office.sipho)
    with db.engine.connect() as connection:
        connection.execute(select(type(charter).id).where(type(charter).id == charter.id).with_for_update())
        assert hand_back() == 0
        connection.rollback()
    assert hand_back() == 1
    assert history_of(charter)[-1][1] == AppointmentStatus.REJECTED


def test_only_an_office_reads_the_list(client: FlaskClient, office: Office) -> None:
    assert client.get("/api/v1/scheduling/lapses", headers=headers_of(office.sipho)).status_code == 403
    assert client.get("/api/v1/scheduling/lapses", headers=headers_of(add_person("ada", Role.ADMIN))).status_code == 200
