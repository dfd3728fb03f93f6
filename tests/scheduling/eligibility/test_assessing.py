"""Who is free for a ride, and how they stand to it."""

from datetime import datetime, timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import DomainError
from falconbus.scheduling.assignments.errors import StaffBusy, UnknownStaff
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave, TooFar
from falconbus.scheduling.staff_records.models import Leave, Licence, WorkingHours
from tests.counting import statements
from tests.scheduling.charters import tomorrow
from tests.scheduling.eligibility.duties import DAY, at, codes, of, on_duty
from tests.scheduling.people import add_licence, add_person
from tests.world import World


def test_somebody_without_duties_leave_or_hours_may_drive(thabo: User) -> None:
    found = of(thabo, at(8), at(12))
    assert (found.staff_id, found.name, found.refusal, found.warnings) == (thabo.id, "Thabo", None, ())
    assert (found.rest_before, found.rest_after) == (None, None)
    assert (found.driving_day, found.driving_week) == (timedelta(hours=4), timedelta(hours=4))


@pytest.mark.parametrize(
    ("begins", "ends", "status", "refused"),
    [
        (at(11, 59), at(13), AssignmentStatus.ACCEPTED, StaffBusy),
        (at(7), at(8, 1), AssignmentStatus.ACCEPTED, StaffBusy),
        (at(7), at(13), AssignmentStatus.ACCEPTED, StaffBusy),
        (at(9), at(10), AssignmentStatus.ACCEPTED, StaffBusy),
        (at(7), at(8), AssignmentStatus.ACCEPTED, type(None)),
        (at(12), at(13), AssignmentStatus.ACCEPTED, type(None)),
        (at(9), at(10), AssignmentStatus.OFFERED, type(None)),
        (at(9), at(10), AssignmentStatus.HANDED_OVER, type(None)),
    ],
)
def test_who_is_on_another_ride_then_is_busy(
    thabo: User, begins: datetime, ends: datetime, status: AssignmentStatus, refused: type
) -> None:
    on_duty(thabo, begins, ends, status)
    assert type(of(thabo, at(8), at(12)).refusal) is refused


def test_a_charter_that_is_asked_about_keeps_nobody_busy(thabo: User) -> None:
    own, line = on_duty(thabo, at(8), at(12)), on_duty(thabo, at(13), at(14))
    assert own.appointment_id is not None
    found = of(thabo, at(9), at(12), ignored_appointment_id=own.appointment_id)
    assert (found.refusal, found.rest_before, found.rest_after) == (None, None, timedelta(hours=1))
    assert found.driving_day == timedelta(hours=4)
    assert isinstance(of(thabo, at(9), at(14), ignored_appointment_id=own.appointment_id).refusal, StaffBusy)
    assert line.appointment_id != own.appointment_id


def test_a_line_schedule_counts_like_a_charter(thabo: User, world: World, database: SQLAlchemy) -> None:
    schedule = world.add_schedule(at=at(9))
    duty = Assignment(
        schedule_id=schedule.id, staff_id=thabo.id, part=CrewRole.DRIVER, status=AssignmentStatus.ACCEPTED
    )
    duty.starts_at, duty.ends_at, duty.offered_at = schedule.departure_time, schedule.arrival_time, clock.now()
    database.session.add(duty)
    database.session.commit()
    assert isinstance(of(thabo, at(8), at(10), ignored_appointment_id=1).refusal, StaffBusy)
    assert of(thabo, at(12), at(13)).driving_day == timedelta(hours=4)


@pytest.mark.parametrize(
    ("days", "kinds", "refused"),
    [
        ((), (), LicenceExpired),
        ((0,), ("PrDP",), type(None)),
        ((-1,), ("PrDP",), LicenceExpired),
        ((-1, 30), ("PrDP", "PrDP"), type(None)),
        ((30, -1), ("PrDP", "EC"), LicenceExpired),
        ((30, 0), ("PrDP", "EC"), type(None)),
    ],
)
def test_every_kind_of_licence_holds_on_the_last_day_of_the_ride(
    database: SQLAlchemy, days: tuple[int, ...], kinds: tuple[str, ...], refused: type
) -> None:
    person = add_person("thabo", Role.DRIVER, Role.ATTENDANT)
    for row in database.session.query(Licence).all():
        database.session.delete(row)
    for number, kind in zip(days, kinds, strict=True):
        add_licence(person, days=number, kind=kind).expires_on = DAY + timedelta(days=number)
    database.session.commit()
    assert type(of(person, at(20, days=-1), at(10)).refusal) is refused
    assert of(person, at(20, days=-1), at(10), CrewRole.ATTENDANT).refusal is None


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [(-3, -1, type(None)), (-3, 0, OnLeave), (1, 1, OnLeave), (0, 1, OnLeave), (2, 9, type(None))],
)
def test_days_of_leave_are_days_in_the_office(
    thabo: User, database: SQLAlchemy, first: int, last: int, refused: type
) -> None:
    """From Saturday 00:30 to Sunday 01:00 in the office it is Friday 22:30 to Saturday 23:00 in UTC."""
    leave = Leave(staff_id=thabo.id, kind="annual")
    leave.first_day, leave.last_day = DAY + timedelta(days=first), DAY + timedelta(days=last)
    database.session.add(leave)
    database.session.commit()
    assert type(of(thabo, at(0, 30), at(1, days=1)).refusal) is refused


def test_driving_more_than_nine_hours_of_a_day_is_cautioned(thabo: User) -> None:
    on_duty(thabo, at(22, days=-1), at(3, 30))
    found = of(thabo, at(9), at(14, 30))
    assert (codes(found), found.driving_day) == (["rest"], timedelta(hours=9))
    found = of(thabo, at(9), at(17))
    assert found.warnings[0].detail == "11 h 30 min at the wheel on Sat 28 Nov; the limit is 9 h"
    assert found.warnings[1].detail == "5 h 30 min of rest before the ride; the limit is 11 h"
    assert codes(found) == ["driving_day", "rest"]


def test_driving_more_than_56_hours_from_monday_to_sunday_is_cautioned(thabo: User) -> None:
    for days in range(-6, 0):
        on_duty(thabo, at(8, days=days), at(17, days=days))
    found = of(thabo, at(8), at(16))
    assert (found.driving_week, codes(found)) == (timedelta(hours=5 * 9 + 8), [])
    on_duty(thabo, at(8, days=1), at(12, days=1))
    found = of(thabo, at(8), at(16))
    assert [warning.detail for warning in found.warnings] == [
        "57 h at the wheel in the week from Mon 23 Nov; the limit is 56 h"
    ]
    assert codes(found) == ["driving_week"]


def test_attendants_are_not_cautioned_of_driving(thabo: User, database: SQLAlchemy) -> None:
    thabo.roles = [Role.ATTENDANT, Role.DRIVER]
    database.session.commit()
    on_duty(thabo, at(1), at(9), part=CrewRole.ATTENDANT)
    found = of(thabo, at(9), at(20), CrewRole.ATTENDANT)
    assert (codes(found), found.driving_day) == ([], timedelta(0))
    assert codes(of(thabo, at(9), at(20))) == ["driving_day"]


def test_rest_is_asked_for_between_days_before_and_after(thabo: User) -> None:
    on_duty(thabo, at(20, days=-1), at(22, days=-1))
    on_duty(thabo, at(4, days=1), at(5, days=1))
    found = of(thabo, at(9), at(17))
    assert (found.rest_before, found.rest_after, codes(found)) == (timedelta(hours=11), timedelta(hours=11), [])
    found = of(thabo, at(8, 59), at(17, 30))
    assert [warning.detail for warning in found.warnings] == [
        "10 h 59 min of rest before the ride; the limit is 11 h",
        "10 h 30 min of rest after the ride; the limit is 11 h",
    ]


def test_a_break_within_a_day_is_no_rest(thabo: User) -> None:
    on_duty(thabo, at(6), at(8))
    assert (codes(of(thabo, at(9), at(11))), codes(of(thabo, at(9), at(3, days=1)))) == ([], ["driving_day"])


def test_a_ride_outside_the_working_hours_is_cautioned(thabo: User, database: SQLAlchemy) -> None:
    for weekday, begins, ends in [(5, 22 * 60, 30 * 60), (6, 6 * 60, 12 * 60)]:
        database.session.add(WorkingHours(staff_id=thabo.id, weekday=weekday, begins_minute=begins, ends_minute=ends))
    database.session.commit()
    assert codes(of(thabo, at(1), at(9))) == []
    assert codes(of(thabo, at(1), at(9), CrewRole.DRIVER)) == []
    assert codes(of(thabo, at(11), at(12, 1))) == ["outside_hours"]
    assert codes(of(thabo, at(9, days=2), at(10, days=2))) == ["outside_hours"]


@pytest.mark.parametrize("who", ["traveller", "attendant", "closed", "nobody"])
def test_only_an_open_account_with_the_role_can_be_asked_about(thabo: User, database: SQLAlchemy, who: str) -> None:
    keys = {
        "traveller": add_person("lerato").id,
        "attendant": add_person("sipho", Role.ATTENDANT).id,
        "nobody": 2**31 - 1,
    }
    closed = add_person("closed", Role.DRIVER)
    closed.active, keys["closed"] = False, closed.id
    database.session.commit()
    with pytest.raises(UnknownStaff):
        assessing.assess([thabo.id, keys[who]], CrewRole.DRIVER, at(8), at(12))
    assert [found.name for found in assessing.available_staff(CrewRole.DRIVER, at(8), at(12))] == ["Thabo"]


def test_the_most_rested_come_first(database: SQLAlchemy) -> None:
    people = [add_person(name, Role.DRIVER) for name in ("anna", "bheki", "cindy", "dumi", "elna")]
    begins = tomorrow(10, days=20)
    for person, hours in zip(people, (3, 30, None, 400, -1), strict=True):
        if hours is not None:
            ends = begins - timedelta(hours=hours)
            on_duty(person, ends - timedelta(hours=2), ends)
    found = assessing.available_staff(CrewRole.DRIVER, begins, begins + timedelta(hours=2))
    assert [(each.name, each.rest_before) for each in found] == [
        ("Cindy", None), ("Dumi", None), ("Bheki", timedelta(hours=30)), ("Anna", timedelta(hours=3)),
    ]  # fmt: skip
    assert [
        each.name for each in assessing.available_staff(CrewRole.DRIVER, begins, begins + timedelta(hours=2), limit=1)
    ] == ["Cindy"]
    assert assessing.available_staff(CrewRole.ATTENDANT, begins, begins + timedelta(hours=2)) == []


def test_who_is_suggested_is_who_would_not_be_refused(
    database: SQLAlchemy, stop_ids: dict[str | None, int | None]
) -> None:
    """Both statements know the refusals: here every one of them, at the edges of the ride's times and days."""
    begins, ends = at(20), at(4, days=1)
    places = Places(stop_ids["J"], stop_ids["J"])
    keys = []
    for number, (busy, leave, licences) in enumerate(
        (busy, leave, licences)
        for busy in (None, (18, 20), (19, 21), (27, 29), (28, 30), (10, 40))
        for leave in (None, (-1, -1), (-1, 0), (1, 2), (2, 2))
        for licences in ((), (0,), (1,), (0, 1), (5, 5))
    ):
        person = User(email=f"{number}@example.com", name=f"N {number:03}", password_hash="", roles=["driver"])
        person.created_at = clock.now()
        database.session.add(person)
        database.session.flush()
        keys.append(person.id)
        for kind, day in enumerate(licences):
            row = Licence(staff_id=person.id, kind=f"K{kind}", number="1")
            row.expires_on = DAY + timedelta(days=day)
            database.session.add(row)
        if leave:
            first, last = (DAY + timedelta(days=day) for day in leave)
            database.session.add(Leave(staff_id=person.id, kind="x", first_day=first, last_day=last))
        if busy:
            duty = on_duty(person, at(busy[0]), at(busy[1]))
            duty.origin_stop_id = duty.destination_stop_id = stop_ids["DJ"[number % 2]]
    database.session.commit()
    everybody = assessing.assess(keys, CrewRole.DRIVER, begins, ends, places=places)
    allowed = {key for key, each in everybody.items() if each.refusal is None}
    suggested = assessing.available_staff(CrewRole.DRIVER, begins, ends, places=places, limit=1000)
    assert {each.staff_id for each in suggested} == allowed
    assert 10 < len(allowed) < len(keys) / 2
    refusals: set[type[DomainError]] = {type(each.refusal) for each in everybody.values() if each.refusal}
    assert refusals == {StaffBusy, OnLeave, LicenceExpired, TooFar}
    for each in suggested:
        assert each.rest_before == everybody[each.staff_id].rest_before


#: Johannesburg, Durban, and a stop nobody knows the place of.
def test_a_hundred_people_cost_one_statement(database: SQLAlchemy) -> None:
    people = [add_person(f"p{number}", Role.DRIVER) for number in range(100)]
    begins, ends = tomorrow(8), tomorrow(12)
    with statements() as sent:
        found = assessing.assess([person.id for person in people], CrewRole.DRIVER, begins, ends)
        suggested = assessing.available_staff(CrewRole.DRIVER, begins, ends, limit=100)
    assert (len(found), len(suggested), len(sent)) == (100, 100, 2)
