"""Time passes: what is over cannot be undone, and what nobody closed is closed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from falconbus.scheduling.dispatch import closing
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told

HOUR = timedelta(hours=1)
#: Charters that are made in tests begin in an hour, for four hours.
DURING, AFTER = 2 * HOUR, 6 * HOUR


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock on."""

    def move(by: timedelta) -> None:
        later = clock.now() + by
        monkeypatch.setattr(clock, "now", lambda: later)

    return move


def soon() -> datetime:
    return clock.now() + HOUR


def mails_to_clients() -> int:
    jobs = "SELECT count(*) FROM outbox WHERE job = 'messaging.tell_client'"
    return int(db.session.scalar(select(func.count()).select_from(db.text(f"({jobs}) AS told"))) or 0)


@pytest.mark.parametrize("passed", [DURING, AFTER])
@pytest.mark.parametrize("action", ["cancel", "reject", "assign", "hand-over", "change"])
def test_from_its_start_on_it_is_not_called_off(
    office: Office, pass_time: Callable[[timedelta], None], action: str, passed: timedelta
) -> None:
    charter = add_charter(starts=soon())
    office.accepted(charter, office.sipho)
    pass_time(passed)
    before = state()
    calls: dict[str, Callable[[], Any]] = {
        "cancel": lambda: office.post(charter, "cancel", office.operator, reason="rain"),
        "reject": lambda: office.post(charter, "reject", office.sipho, reason="ill"),
        "assign": lambda: office.assign(charter, office.anna),
        "hand-over": lambda: office.post(charter, "hand-over", office.sipho, to=office.anna.id),
        "change": lambda: office.client.patch(
            f"/api/v1/scheduling/appointments/{charter.reference}",
            json={"passengers": 3},
            headers=office.headers(office.operator),
        ),
    }
    answer = calls[action]()
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change"), answer.json
    assert ("over" in answer.json["detail"]) == (passed == AFTER)
    assert state() == before


def test_what_nobody_began_is_completed_once_it_is_over(office: Office, pass_time: Callable[[timedelta], None]) -> None:
    charter = add_charter(starts=soon())
    office.accepted(charter, office.sipho)
    pass_time(DURING)
    assert office.post(charter, "complete", office.sipho).json["code"] == "impossible_change"
    pass_time(AFTER - DURING)
    assert office.post(charter, "complete", office.sipho).json["status"] == "completed"


@pytest.mark.parametrize("status", [AppointmentStatus.ACCEPTED, AppointmentStatus.IN_PROGRESS])
def test_a_day_later_it_is_taken_as_done(
    office: Office, pass_time: Callable[[timedelta], None], status: AppointmentStatus
) -> None:
    charter, later = add_charter(starts=soon(), status=status), add_charter(starts=soon() + 3 * HOUR, status=status)
    add_assignment(charter, office.sipho, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    db.session.execute(update(Appointment).where(Appointment.client_name == "Somebody Else").values(status="cancelled"))
    db.session.commit()
    pass_time(AFTER)
    assert transactions.run(closing.close_ended) == 0
    pass_time(closing.GRACE)
    assert transactions.run(closing.close_ended) == 1
    assert (status_of(charter), status_of(later)) == ("completed", status.value)
    assert history_of(charter) == [(Action.COMPLETED, "completed")]
    assert crew_of(charter) == [(office.sipho.id, "driver", "accepted")]
    assert kinds(office.operator) == ["closed"]
    assert charter.reference in told(office.operator)[0].message
    assert transactions.run(closing.close_ended) == 0
    assert kinds(office.operator) == ["closed"], "told once"


@pytest.mark.parametrize("status", ["pending", "assigned", "rejected"])
def test_what_nobody_took_ends_with_its_time(
    office: Office, pass_time: Callable[[timedelta], None], status: str
) -> None:
    reason = "ill" if status == "rejected" else None
    charter = add_charter(starts=soon(), status=AppointmentStatus(status), rejection_reason=reason)
    add_assignment(charter, office.anna)
    pass_time(DURING)
    assert transactions.run(closing.close_ended) == 0
    pass_time(AFTER - DURING)
    mails = mails_to_clients()
    assert transactions.run(closing.close_ended) == 1
    assert status_of(charter) == "cancelled"
    assert history_of(charter) == [(Action.CLOSED, "cancelled")]
    assert crew_of(charter) == [(office.anna.id, "driver", "withdrawn")]
    assert (kinds(office.operator), kinds(office.anna)) == (["closed"], [])
    assert mails_to_clients() == mails, "the office knows what it has told them"


def test_one_that_somebody_works_on_is_left_for_the_next_run(
    office: Office, pass_time: Callable[[timedelta], None]
) -> None:
    charter = add_charter(starts=soon())
    pass_time(AFTER)
    with db.engine.connect() as connection:
        connection.execute(select(Appointment.id).where(Appointment.id == charter.id).with_for_update())
        assert transactions.run(closing.close_ended) == 0
        connection.rollback()
    assert transactions.run(closing.close_ended) == 1
    assert kinds(office.operator) == ["closed"]
