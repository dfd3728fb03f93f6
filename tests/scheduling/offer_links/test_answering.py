"""Answering on the page: accept, reject with a reason, hand over; and what is told when it cannot be done."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.scheduling.appointments.models import Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus
from falconbus.scheduling.notifications.models import Notification
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.offer_links.asking import page_of, words
from tests.scheduling.people import add_person


class Asked:
    """A driver who is asked for a charter by an operator, a colleague who is free, and another charter beside."""

    def __init__(self, client: FlaskClient, app: FalconBus, database: SQLAlchemy) -> None:
        self.client, self.app, self.session = client, app, database.session
        self.operator = add_person("olwethu", Role.OPERATOR)
        self.driver, self.colleague = add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
        self.charter: Appointment = add_charter(status=AppointmentStatus.ASSIGNED, operator_id=self.operator.id)
        self.offer: Assignment = add_assignment(self.charter, self.driver)
        self.beside = add_assignment(add_charter(), add_person("bert", Role.DRIVER))
        self.page = page_of(self.offer, app)

    def post(self, place: str, **fields: Any) -> Any:
        """Send a form, and see where it leads to."""
        answer = self.client.post(f"{self.page}/{place}", data=fields)
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"].startswith(self.page + "?")
        return self.client.get(answer.headers["Location"])

    def state(self) -> tuple[str, str]:
        """Of the assignment and of the charter; nothing has happened to the one beside."""
        self.session.rollback()
        for row in (self.offer, self.charter, self.beside):
            self.session.refresh(row)
        assert self.beside.status == AssignmentStatus.OFFERED
        return self.offer.status, self.charter.status

    def told(self, person: User) -> list[str]:
        self.session.rollback()
        kinds = select(Notification.kind).where(Notification.staff_id == person.id).order_by(Notification.id)
        return list(self.session.scalars(kinds))


@pytest.fixture
def asked(client: FlaskClient, app: FalconBus, database: SQLAlchemy) -> Asked:
    return Asked(client, app, database)


def test_accepting_puts_one_on_the_ride(asked: Asked) -> None:
    page = asked.post("accept")
    assert "Thank you: you are on this ride." in words(page)
    assert "You have accepted" in words(page)
    assert asked.state() == ("accepted", "accepted")
    assert asked.told(asked.operator) == ["accepted"]


def test_accepting_twice_is_accepting_once(asked: Asked) -> None:
    asked.post("accept")
    assert "Thank you: you are on this ride." in words(asked.post("accept"))
    assert asked.told(asked.operator) == ["accepted"]


def test_rejecting_tells_the_operator_why(asked: Asked) -> None:
    page = asked.post("reject", reason="  Ill.\r\nSince <today>.  ")
    assert "Your operator has been told." in words(page)
    assert "Your operator was told: Ill. Since <today>." in words(page)
    assert asked.state() == ("rejected", "rejected")
    assert asked.offer.reason == "Ill.\nSince <today>."
    assert asked.told(asked.operator) == ["rejected"]


def test_who_has_accepted_may_fall_ill(asked: Asked) -> None:
    asked.post("accept")
    asked.post("reject", reason="Ill.")
    assert asked.state() == ("rejected", "rejected")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Say why, so that your operator knows what to do."),
        (" \r\n ", "Say why"),
        ("x" * 1001, "That is too long: 1,001 characters, and there is room for 1,000."),
        ("x" * 10_000, "That is too long: 10,000 characters"),
        ("a\x00b", "There is a character in it that cannot be shown"),
    ],
)
def test_a_reason_that_will_not_do_is_shown_again(reason: str, said: str, asked: Asked) -> None:
    answer = asked.client.post(f"{asked.page}/reject", data={"reason": reason})
    assert answer.status_code == 422
    assert said in words(answer)
    assert '<details class="unfold" open>' in answer.text
    assert reason[:1000].strip() in answer.text
    assert asked.state() == ("offered", "assigned")


def test_a_reason_of_a_thousand_characters_fits_as_browsers_count(asked: Asked) -> None:
    asked.post("reject", reason="x" * 500 + "\r\n" + "x" * 499)
    assert asked.state() == ("rejected", "rejected")


def test_handing_over_asks_a_colleague_and_keeps_the_ride_until_they_accept(asked: Asked) -> None:
    asked.post("accept")
    page = asked.post("hand-over", to=asked.colleague.id)
    assert "Your colleague has been asked." in words(page)
    assert "You have asked Obed to take over; it stays yours until they accept." in words(page)
    assert asked.state() == ("accepted", "accepted")
    assert asked.told(asked.colleague) == ["offered"]
    theirs = asked.session.scalars(select(Assignment).where(Assignment.staff_id == asked.colleague.id)).one()
    taken = asked.client.post(f"{page_of(theirs, asked.app)}/accept")
    assert taken.status_code == 303
    assert asked.state() == ("handed_over", "accepted")
    assert "A colleague has taken over" in words(asked.client.get(asked.page))


@pytest.mark.parametrize("to", ["", "x", "0", "-1", str(2**31), "9" * 30])
def test_without_a_colleague_nothing_is_handed_over(to: str, asked: Asked) -> None:
    page = asked.client.post(f"{asked.page}/hand-over", data={"to": to})
    assert page.status_code == 422
    assert "Nobody was chosen. Choose a colleague first." in words(page)
    assert '<details class="unfold" open>' in page.text
    assert 'aria-describedby="to-fault"' in page.text
    assert asked.state() == ("offered", "assigned")


def test_a_colleague_who_is_busy_by_now_is_said_to_be(asked: Asked) -> None:
    add_assignment(add_charter(), asked.colleague, status=AssignmentStatus.ACCEPTED)
    page = asked.post("hand-over", to=asked.colleague.id)
    assert "This colleague cannot take it any more. Nothing was changed." in words(page)
    for nobody in (asked.driver.id, asked.operator.id, 999):
        assert "This colleague cannot take it" in words(asked.post("hand-over", to=nobody))
    assert asked.state() == ("offered", "assigned")
    assert asked.told(asked.colleague) == []


def test_who_is_busy_themselves_is_told_what_to_do(asked: Asked) -> None:
    add_assignment(add_charter(), asked.driver, status=AssignmentStatus.ACCEPTED)
    page = asked.post("accept")
    assert "You are on another ride at that time. Nothing was changed. Reject this one" in words(page)
    assert 'role="alert"' in page.text
    assert asked.state() == ("offered", "assigned")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE licences SET expires_on = '2020-01-01'", "You have no licence that holds"),
        (
            "INSERT INTO leaves (staff_id, first_day, last_day, kind) SELECT id, :day, :day, 'x' FROM users",
            "You are on leave",
        ),
        ("UPDATE users SET roles = '{attendant}' WHERE name = 'Dumi'", "You do not work in this role any more"),
        ("UPDATE assignments SET status = 'withdrawn' WHERE id = :offer", "This was answered or taken back before"),
    ],
)
def test_each_refusal_is_told_on_the_page(change: str, said: str, asked: Asked) -> None:
    day = asked.offer.starts_at.date()
    asked.session.execute(text(change), {"day": day, "offer": asked.offer.id})
    asked.session.commit()
    page = asked.post("accept")
    assert said in words(page)
    assert asked.state()[1] == "assigned"


def test_a_cancelled_charter_is_not_accepted(asked: Asked) -> None:
    asked.session.execute(text("UPDATE appointments SET status = 'cancelled', cancellation_reason = 'No money'"))
    asked.session.execute(text("UPDATE assignments SET status = 'withdrawn' WHERE id = :id"), {"id": asked.offer.id})
    asked.session.commit()
    page = asked.post("accept")
    assert "This was answered or taken back before" in words(page)
    assert "The charter is cancelled Nobody has to come. Reason: No money" in words(page)
    assert asked.state() == ("withdrawn", "cancelled")


def test_a_link_answers_its_own_question_only(asked: Asked) -> None:
    """Asked, taken off, asked anew: the old link does not answer the new question."""
    asked.offer.status = AssignmentStatus.WITHDRAWN
    asked.session.commit()
    anew = add_assignment(asked.charter, asked.driver)
    assert "You are no longer asked for it" in words(asked.post("accept"))
    asked.session.refresh(anew)
    assert anew.status == AssignmentStatus.OFFERED


def test_the_link_of_an_admin_who_drives_reaches_no_further_than_their_duties(asked: Asked) -> None:
    """What they are asked for they may answer; another charter's link is another link."""
    boss = add_person("boss", Role.ADMIN, Role.DRIVER)
    offer = add_assignment(add_charter(status=AppointmentStatus.ASSIGNED), boss)
    page = page_of(offer, asked.app)
    assert asked.client.post(f"{page}/accept").headers["Location"] == f"{page}?notice=accepted"
    assert asked.state() == ("offered", "assigned")


def test_a_cookie_or_a_foreign_account_changes_nothing(asked: Asked) -> None:
    """The link is the authority: whoever is signed in beside it, it is the driver who answers."""
    asked.client.set_cookie("falconbus_session", "somebody.else")
    assert asked.client.post(f"{asked.page}/accept").status_code == 303
    assert asked.state()[0] == "accepted"
