"""What the page says of a ride, and that looking at it changes nothing."""

import logging
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.offer_links.asking import page_of, words
from tests.scheduling.people import add_person
from tests.world import World

ASSIGNED = AppointmentStatus.ASSIGNED


def test_it_tells_all_that_one_needs_to_decide(world: World, client: FlaskClient, app: FalconBus) -> None:
    driver = add_person("dumi", Role.DRIVER)
    charter = add_charter(
        add_service("Coach & driver"),
        add_service("Wi-Fi", minutes=0),
        starts=tomorrow(22),
        hours=5,
        bus=world.bus,
        status=ASSIGNED,
        client_phone="+27 82 000 0000",
        note="We bring <b>flags</b>.\nGate 2.",
    )
    offer = add_assignment(charter, driver)
    add_assignment(charter, add_person("ayanda", Role.ATTENDANT), CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
    add_assignment(add_charter(client_name="Another Club"), add_person("obed", Role.DRIVER))
    answer = client.get(page_of(offer, app))
    said = words(answer)
    assert answer.status_code == 200
    for part in (
        "Union Buildings to Soweto",
        "Can you do it? Please answer by",
        f"From 22:00 {tomorrow(22):%A} {tomorrow(22).day} {tomorrow(22):%B %Y} Union Buildings",
        "To 03:00",
        f"Johannesburg time · charter {charter.reference}",
        "Asked Dumi , as driver",
        "Client Lerato Club , +27 82 000 0000",
        "Passengers 10",
        "Services Coach & driver, Wi-Fi",
        "Bus FB-1",
        "Colleagues Ayanda",
        "We bring <b>flags</b>. Gate 2.",
        "Obed (free for two weeks before)",
    ):
        assert part in said
    assert "<b>flags</b>" not in answer.text
    assert 'href="tel:+27820000000"' in answer.text
    assert "Another Club" not in said


def test_looking_changes_nothing_and_is_kept_nowhere(database: SQLAlchemy, client: FlaskClient, app: FalconBus) -> None:
    offer = add_assignment(add_charter(status=ASSIGNED), add_person("dumi", Role.DRIVER))
    page = page_of(offer, app)
    before = database.session.execute(text("SELECT * FROM assignments")).all()
    database.session.rollback()
    for place in ("", "/accept", "/reject", "/hand-over"):
        for verb in ("GET", "HEAD"):
            answer = client.open(page + place, method=verb)
            assert answer.status_code == (303 if place else 200)
            assert answer.headers.get("Location", page) == page
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex"
            assert "Set-Cookie" not in answer.headers
    assert database.session.execute(text("SELECT * FROM assignments")).all() == before
    assert database.session.execute(text("SELECT count(*) FROM notifications")).scalar_one() == 0
    refused = client.get("/answer/x")
    assert refused.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("status", "charter", "said", "forms"),
    [
        (AssignmentStatus.OFFERED, ASSIGNED, "Can you do it?", ["accept", "reject", "hand-over"]),
        (AssignmentStatus.ACCEPTED, AppointmentStatus.ACCEPTED, "You have accepted", ["reject", "hand-over"]),
        (AssignmentStatus.ACCEPTED, AppointmentStatus.IN_PROGRESS, "The ride is under way", []),
        (AssignmentStatus.ACCEPTED, AppointmentStatus.COMPLETED, "The ride is over", []),
        (AssignmentStatus.REJECTED, ASSIGNED, "You have rejected it Your operator was told: ill & in bed", []),
        (AssignmentStatus.HANDED_OVER, ASSIGNED, "A colleague has taken over", []),
        (AssignmentStatus.WITHDRAWN, ASSIGNED, "You are no longer asked for it", []),
        (AssignmentStatus.WITHDRAWN, AppointmentStatus.CANCELLED, "The charter is cancelled Nobody has to come.", []),
    ],
)
def test_each_state_says_what_it_means_and_offers_what_is_possible(
    status: AssignmentStatus,
    charter: AppointmentStatus,
    said: str,
    forms: list[str],
    database: SQLAlchemy,
    client: FlaskClient,
    app: FalconBus,
) -> None:
    add_person("obed", Role.DRIVER)
    asked = add_assignment(
        add_charter(status=charter), add_person("dumi", Role.DRIVER), status=status, reason="ill & in bed"
    )
    page = page_of(asked, app)
    answer = client.get(page)
    assert said in words(answer)
    shown = [form for form in ("accept", "reject", "hand-over") if f'action="{page}/{form}"' in answer.text]
    assert shown == forms


def test_an_answer_that_is_late_still_counts(database: SQLAlchemy, client: FlaskClient, app: FalconBus) -> None:
    late = clock.now() - timedelta(minutes=5)
    offer = add_assignment(add_charter(status=ASSIGNED), add_person("dumi", Role.DRIVER), answer_by=late)
    assert "yours still counts" in words(client.get(page_of(offer, app)))


def test_who_is_asked_to_take_over_learns_by_whom(database: SQLAlchemy, client: FlaskClient, app: FalconBus) -> None:
    charter = add_charter(status=ASSIGNED)
    giver = add_assignment(charter, add_person("dumi", Role.DRIVER), status=AssignmentStatus.ACCEPTED)
    taker = add_assignment(charter, add_person("obed", Role.DRIVER), replaces_id=giver.id)
    add_person("zola", Role.DRIVER)
    asked = client.get(page_of(taker, app))
    assert "Dumi asks you to take over; it stays theirs until you accept." in words(asked)
    assert "/hand-over" not in asked.text
    assert "You have asked Obed to take over" in words(client.get(page_of(giver, app)))


def test_only_free_colleagues_of_the_same_part_are_offered_most_rested_first(
    world: World, client: FlaskClient, app: FalconBus
) -> None:
    charter = add_charter(status=ASSIGNED)
    offer = add_assignment(charter, add_person("dumi", Role.DRIVER))
    busy, tired, closed = (add_person(name, Role.DRIVER) for name in ("bert", "tiro", "clara"))
    add_person("ayanda", Role.ATTENDANT)
    add_person("zola", Role.DRIVER)
    closed.active = False
    world.commit()
    add_assignment(add_charter(), busy, status=AssignmentStatus.ACCEPTED)
    before = charter.starts_at - timedelta(hours=3)
    add_assignment(add_charter(starts=before, hours=1.5), tired, status=AssignmentStatus.ACCEPTED)
    options = client.get(page_of(offer, app)).text.split("<select")[1].split("</select>")[0]
    names = [name for name in ("Zola", "Tiro", "Dumi", "Bert", "Clara", "Ayanda") if name in options]
    assert names == ["Zola", "Tiro"]
    assert options.index("Zola") < options.index("Tiro (1 h 30 min of rest before")


def test_nobody_free_is_said(database: SQLAlchemy, client: FlaskClient, app: FalconBus) -> None:
    offer = add_assignment(add_charter(status=ASSIGNED), add_person("dumi", Role.DRIVER))
    assert "Nobody else is free at that time." in words(client.get(page_of(offer, app)))


@pytest.mark.parametrize("change", ["active = false", "roles = '{}'"])
def test_a_closed_account_answers_nothing(
    change: str, database: SQLAlchemy, client: FlaskClient, app: FalconBus
) -> None:
    offer = add_assignment(add_charter(status=ASSIGNED), add_person("dumi", Role.DRIVER))
    page = page_of(offer, app)
    database.session.execute(text(f"UPDATE users SET {change}"))
    database.session.commit()
    for answer in (client.get(page), client.post(f"{page}/accept"), client.post(f"{page}/hand-over", data={"to": 1})):
        assert answer.status_code == 410
        assert "This account does no more duties" in words(answer)
    database.session.refresh(offer)
    assert offer.status == "offered"


def test_the_secret_stands_in_no_log(
    database: SQLAlchemy, client: FlaskClient, app: FalconBus, caplog: pytest.LogCaptureFixture
) -> None:
    page = page_of(add_assignment(add_charter(status=ASSIGNED), add_person("dumi", Role.DRIVER)), app)
    secret = page.rpartition(".")[2]
    with caplog.at_level(logging.DEBUG):
        for place in ("", "/accept", "/reject", "/hand-over"):
            client.get(page + place)
            client.post(page + place)
        client.get(f"/answer/9{page.removeprefix('/answer/')}")
    told = [record.getMessage().split(" ", 1)[1] for record in caplog.records if "/answer/" in record.getMessage()]
    shown = page.replace(secret, "***")
    assert {f"{shown} 200", f"{shown}/reject 422", f"{shown} 405"} <= set(told)
    assert not any(secret in str(vars(record)) for record in caplog.records)


def test_the_page_is_three_statements(database: SQLAlchemy, client: FlaskClient, app: FalconBus) -> None:
    offer = add_assignment(add_charter(add_service(), status=ASSIGNED), add_person("dumi", Role.DRIVER))
    page = page_of(offer, app)
    for number in range(30):
        add_person(f"driver{number}", Role.DRIVER)
    with statements() as sent:
        assert client.get(page).status_code == 200
    assert len(sent) == 3, "\n".join(sent)
