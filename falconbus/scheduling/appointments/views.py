"""Addresses of charters: request, show, list, change. Assigning and answering is in dispatch."""

from flask import Blueprint

from falconbus.network.errors import UnknownStop
from falconbus.platform.database.pagination import Page, keyset_page
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.idempotency import IdempotencyKeyReused, RequestInProgress
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.appointments import access, changing, queries, requesting
from falconbus.scheduling.appointments.errors import (
    AppointmentNotFound,
    BusBusy,
    BusTooSmall,
    EndBeforeStart,
    ImpossibleChange,
    MixedCurrencies,
    StartInPast,
    TooShort,
    UnknownService,
)
from falconbus.scheduling.appointments.request_schemas import AppointmentChangeIn, AppointmentIn, AppointmentsQuery
from falconbus.scheduling.appointments.schemas import AppointmentOut, AppointmentRow, RequestedOut
from falconbus.scheduling.permissions import DISPATCH, OWN_APPOINTMENTS

bp = Blueprint("appointments", __name__, url_prefix="/api/v1/scheduling")

_REFUSALS = (UnknownService, UnknownStop, StartInPast, EndBeforeStart, TooShort, MixedCurrencies)


@operation(
    bp.post("/appointments"),
    who=PUBLIC,
    takes=AppointmentIn,
    gives={201: RequestedOut},
    refuses=(IdempotencyKeyReused, RequestInProgress, *_REFUSALS),
    limit="ratelimit_booking",
    idempotent=True,
    secrets={"manage_token": lambda appointment: _manage_token(appointment["reference"])},
    budget=14,
)
def request_appointment(body: AppointmentIn) -> RequestedOut:
    """Ask for a charter; whoever has the `manage_token` can look at it."""
    record = requesting.request(body.to_request(), caller())
    return RequestedOut.made(record, _manage_token(record.reference))


@operation(
    bp.get("/appointments"), who=OWN_APPOINTMENTS, asks=AppointmentsQuery, gives={200: Page[AppointmentRow]}, budget=1
)
def list_appointments(query: AppointmentsQuery) -> Page[AppointmentRow]:
    """Charters, newest first: operators see all, crew those they were asked for, clients theirs."""
    filters = query.filters(get_settings().time_zone)
    statement, key = queries.visible(caller(), filters)
    return keyset_page(statement, key, query, AppointmentRow, lambda row: AppointmentRow.of(queries.to_record(row)))


@operation(
    bp.get("/appointments/<reference>"),
    who=PUBLIC,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound,),
    budget=2,
)
def show_appointment(reference: str) -> AppointmentOut:
    """A charter, for the bearer of its manage token, its client's account, its crew, or operators."""
    return AppointmentOut.of(queries.get_visible(reference, caller()))


@operation(
    bp.patch("/appointments/<reference>"),
    who=DISPATCH,
    takes=AppointmentChangeIn,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, ImpossibleChange, BusBusy, BusTooSmall, *_REFUSALS),
    budget=19,
)
def change_appointment(reference: str, body: AppointmentChangeIn) -> AppointmentOut:
    """Change a charter until its start; with other times its crew has to answer again."""
    return AppointmentOut.of(changing.change(reference, caller(), body.changes()))


def _manage_token(reference: str) -> str:
    return access.manage_token(reference, get_settings().secret_key)
