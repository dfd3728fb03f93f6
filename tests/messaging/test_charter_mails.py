"""Mails to the clients of charters: right for the state that they find."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.scheduling.appointments.models import Action, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus
from falconbus.scheduling.jobs import TELL_CLIENT
from tests.messaging.staff import due, plain, record, sipho, work
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person
from tests.world import World

__all__ = ["sipho"]


def test_a_client_is_told_of_the_request(database: SQLAlchemy, mailer: MemoryMailer, world: World) -> None:
    charter = add_charter(
        add_service(), add_service("Wi-Fi", minutes=0, price=15_050), client_name="Lerato <Club>", passengers=1,
        pick_up_text=None, pick_up_stop_id=world.stops["A"].id,
    )  # fmt: skip
    record(charter, Action.REQUESTED)
    work(database)
    (mail,) = mailer.sent
    assert mail["To"] == "lerato@example.com"
    assert mail["Subject"].startswith("We have your request: ")
    assert mail["Subject"].endswith(f" 10:00 ({charter.reference})")
    assert mail["Message-ID"] == f"<charter.1.{charter.reference}@127.0.0.1>"
    assert mail["Reply-To"] is None
    words = plain(mail)
    for part in (
        charter.reference, "City A, Station A", "The place in your request", "10:00", "14:00", "Johannesburg time",
        "1 passenger\n",
        "Coach and driver: R2", "Wi-Fi: R150", "Total: R2", "write again when your charter is confirmed",
    ):  # fmt: skip
        assert part in words.replace("\u00a0", "")
    for theirs in ("Lerato", "Soweto"):
        assert theirs not in mail.as_string()


def test_words_of_a_client_are_told_once_somebody_of_the_staff_has_looked(
    database: SQLAlchemy, mailer: MemoryMailer
) -> None:
    owner, other = add_person("lerato", Role.DRIVER), add_person("boss", Role.OPERATOR)
    charter = add_charter(add_service(), client=owner, client_name="Lerato <Club>", cancellation_reason="Buy it here")
    record(add_charter(), Action.CHANGED, by=other)
    for action, by in ((Action.REQUESTED, owner), (Action.CHANGED, other), (Action.CANCELLED, owner)):
        record(charter, action, by=by, status="cancelled" if action == Action.CANCELLED else "pending")
        work(database)
    said = [plain(mail) for mail in mailer.sent if mail["To"] == owner.email]
    assert ["Soweto" in words for words in said] == [False, True, True]
    assert ["Lerato <Club>" in words for words in said] == [False, True, True]
    assert not any("Buy it here" in words for words in said)


def test_a_confirmed_charter_is_told_with_its_driver_and_bus(
    database: SQLAlchemy, mailer: MemoryMailer, world: World, sipho: User
) -> None:
    sipho.name = "Sipho Nkosi"
    boss = add_person("boss", Role.OPERATOR)
    charter = add_charter(status=AppointmentStatus.ACCEPTED, bus=world.bus, operator_id=boss.id)
    add_assignment(charter, sipho, status=AssignmentStatus.ACCEPTED)
    add_assignment(add_charter(), add_person("naledi", Role.DRIVER), status=AssignmentStatus.OFFERED)
    record(charter, Action.ACCEPTED, by=sipho)
    work(database)
    (mail,) = mailer.sent
    assert mail["Subject"].startswith("Your charter is confirmed: ")
    assert mail["Reply-To"] == "boss@falconbus.example"
    assert "Your driver is Sipho, with bus FB-1." in plain(mail)
    assert "Nkosi" not in mail.as_string()
    assert "the answer goes to those who arrange" in plain(mail)
    assert "Soweto" in plain(mail)
    assert "for Lerato Club" in plain(mail)


@pytest.mark.parametrize(
    ("action", "status", "title", "words"),
    [
        (Action.REQUESTED, AppointmentStatus.ASSIGNED, "We have your request", "We arrange a bus and a crew for you"),
        (Action.REQUESTED, AppointmentStatus.ACCEPTED, "Your charter is confirmed", "the bus is chosen"),
        (Action.CHANGED, AppointmentStatus.REJECTED, "Your charter has changed", "We arrange a bus and a crew for it"),
        (Action.CHANGED, AppointmentStatus.ACCEPTED, "Your charter has changed", "It is confirmed as it stands below"),
        (Action.CANCELLED, AppointmentStatus.CANCELLED, "Your charter is cancelled", "Reason: The road is closed"),
    ],
)
def test_the_words_are_right_for_the_state_when_the_mail_goes(
    database: SQLAlchemy, mailer: MemoryMailer, action: Action, status: AppointmentStatus, title: str, words: str
) -> None:
    charter = add_charter(add_service())
    record(charter, action, by=add_person("boss", Role.OPERATOR))
    charter.status = status
    charter.rejection_reason, charter.cancellation_reason = "I am ill", "The road is closed"
    database.session.commit()
    work(database)
    (mail,) = mailer.sent
    assert mail["Subject"].startswith(f"{title}: ")
    assert words in plain(mail)
    assert "I am ill" not in mail.as_string()


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (Action.REQUESTED, AppointmentStatus.CANCELLED),
        (Action.CHANGED, AppointmentStatus.CANCELLED),
        (Action.ACCEPTED, AppointmentStatus.REJECTED),
        (Action.ACCEPTED, AppointmentStatus.CANCELLED),
    ],
)
def test_what_no_longer_holds_is_not_told(
    database: SQLAlchemy, mailer: MemoryMailer, action: Action, status: AppointmentStatus
) -> None:
    charter = add_charter(add_service(), status=AppointmentStatus.ACCEPTED)
    record(charter, action)
    charter.status, charter.rejection_reason = status, "I am ill"
    database.session.commit()
    work(database)
    assert (mailer.sent, due(database, TELL_CLIENT)) == ([], [])
