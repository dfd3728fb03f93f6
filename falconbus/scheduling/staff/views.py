"""The staff over the API: lists, present duties, suggestions for rides; their accounts."""

from typing import Any

from flask import Blueprint, Response, after_this_request

from falconbus.accounts.errors import BadEmail, EmailTaken, LastAdmin
from falconbus.platform.database.pagination import CountedPage, neighbours
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.appointments.errors import AppointmentNotFound, EndBeforeStart
from falconbus.scheduling.eligibility.schemas import SuggestionOut, Suggestions
from falconbus.scheduling.permissions import MANAGE_STAFF, SEE_STAFF
from falconbus.scheduling.staff import queries, service, suggesting
from falconbus.scheduling.staff.errors import HasDuties, OwnAccess, RideTooLong
from falconbus.scheduling.staff.record_schemas import HoursOut, LeaveOut, LicenceOut
from falconbus.scheduling.staff.schemas import (
    ActiveStaffRow,
    FreeQuery,
    NewStaff,
    NewStaffOut,
    StaffChange,
    StaffOut,
    StaffQuery,
    StaffRow,
)
from falconbus.scheduling.staff_records import queries as records
from falconbus.scheduling.staff_records.errors import StaffNotFound

bp = Blueprint("staff", __name__, url_prefix="/api/v1/scheduling")


@operation(bp.get("/staff"), who=SEE_STAFF, asks=StaffQuery, gives={200: CountedPage[StaffRow]}, budget=1)
def list_staff(query: StaffQuery) -> CountedPage[Any]:
    """Everybody with a role, by name; accounts that are closed, too."""
    return _page(StaffRow, query, only_active=False)


@operation(bp.get("/staff/active"), who=SEE_STAFF, asks=StaffQuery, gives={200: CountedPage[ActiveStaffRow]}, budget=1)
def list_active_staff(query: StaffQuery) -> CountedPage[Any]:
    """Everybody whose account is open, by name, with the duty that they are on and the start of the next."""
    return _page(ActiveStaffRow, query, only_active=True)


@operation(
    bp.get("/staff/free"),
    who=SEE_STAFF,
    asks=FreeQuery,
    gives={200: Suggestions},
    refuses=(EndBeforeStart, RideTooLong, AppointmentNotFound),
    budget=2,
)
def suggest_staff(query: FreeQuery) -> Suggestions:
    """Who could take a ride: free, licensed and not on leave, those with most rest first, with what to think of."""
    suggested = suggesting.suggest(query.role(), query.start, query.end, query.appointment)
    return Suggestions([SuggestionOut.of(eligibility) for eligibility in suggested])


@operation(bp.get("/staff/<id:staff_id>"), who=SEE_STAFF, gives={200: StaffOut}, refuses=(StaffNotFound,), budget=4)
def get_staff(staff_id: int) -> StaffOut:
    """Somebody on the staff with their licences, working hours and leave to come."""
    return _detail(staff_id)


@operation(
    bp.post("/staff"),
    who=MANAGE_STAFF,
    takes=NewStaff,
    gives={201: NewStaffOut},
    refuses=(BadEmail, EmailTaken),
    budget=8,
)
def create_staff(body: NewStaff) -> NewStaffOut:
    """Make an account for somebody on the staff. The answer has their password, and is not kept to be replayed."""
    user = service.create(body.email, body.name, body.roles, body.phone)
    after_this_request(_not_to_be_stored)
    return NewStaffOut(**queries.get_person(user.id)._asdict(), password=user.password)


@operation(
    bp.patch("/staff/<id:staff_id>"),
    who=MANAGE_STAFF,
    takes=StaffChange,
    gives={200: StaffOut},
    refuses=(StaffNotFound, OwnAccess, LastAdmin, HasDuties),
    budget=18,
)
def change_staff(staff_id: int, body: StaffChange) -> StaffOut:
    """Change somebody's name, roles or phone; close their account, which ends their tokens and sessions, or open it."""
    service.change(staff_id, body.changes(), by_id=caller().user_id)
    return _detail(staff_id)


def _page(shape: type[StaffRow], query: StaffQuery, *, only_active: bool) -> CountedPage[Any]:
    offset = (query.page - 1) * query.page_size
    count, rows = queries.staff(
        role=query.role, words=query.q, only_active=only_active, limit=query.page_size, offset=offset
    )
    following, previous = neighbours(query.page, more=offset + len(rows) < count and bool(rows))
    return CountedPage(pick_fields([shape.of(row) for row in rows], shape, query.fields), count, following, previous)


def _detail(staff_id: int) -> StaffOut:
    return StaffOut(
        **queries.get_person(staff_id)._asdict(),
        licences=[LicenceOut.of(licence) for licence in records.licences(staff_id)],
        hours=[HoursOut.of(interval) for interval in records.hours(staff_id)],
        leaves=[LeaveOut.of(leave) for leave in records.leaves_to_come(staff_id)],
    )


def _not_to_be_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
