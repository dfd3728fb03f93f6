"""Assigning crew and bus to a charter."""

from collections.abc import Mapping, Sequence

from falconbus.network.errors import UnknownBus
from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access, buses, history
from falconbus.scheduling.appointments.errors import BusBusy, BusTooSmall
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import LIVE, Assignment, CrewRole
from falconbus.scheduling.assignments.service import Crew
from falconbus.scheduling.dispatch import notices, offering, queries
from falconbus.scheduling.eligibility import service as eligibility
from falconbus.scheduling.eligibility.service import StaffWarning
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.timetable import turnaround
from falconbus.timetable.errors import BusOnDeparture
from falconbus.timetable.turnaround import BusRide


def assign(
    reference: str, identity: Identity, *, crew: Crew, bus_id: int | None, note: str = ""
) -> tuple[Appointment, list[StaffWarning]]:
    """Set crew and bus of a charter, the first time or anew; return it with the warnings about its crew.

    Members who stay keep their status, others are withdrawn, new ones get offers. AppointmentNotFound,
    ImpossibleChange, UnknownStaff, StaffBusy, OnLeave, LicenceExpired, TooFar, UnknownBus, BusTooSmall, BusTooFar,
    BusBusy.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    was_accepted, old_bus_id = appointment.status == AppointmentStatus.ACCEPTED, appointment.bus_id
    crews.check_distinct(crew)
    appointment.assign(operator_id=identity.user_id or 0)
    appointment.check_ahead(now)
    warnings = eligibility.check_eligibility(crew.roles, offering.ride_of(appointment), crew.pointers)
    bus_number = _assign_bus(appointment, bus_id)
    staying, leaving = _split(appointment, crew.roles)
    crews.withdraw(leaving, at=now)
    for assignment in staying:
        assignment.replaces_id = None
    kept_ids = {each.staff_id for each in staying}
    new_roles = {staff_id: role for staff_id, role in crew.roles.items() if staff_id not in kept_ids}
    offered = offering.offer(appointment, new_roles, at=now)
    if crews.is_crew_confirmed([*staying, *offered]):
        appointment.accept()
    history.record(appointment, Action.ASSIGNED, by_id=identity.user_id, note=note)
    if appointment.status == AppointmentStatus.ACCEPTED and not was_accepted:
        history.record(appointment, Action.ACCEPTED, by_id=identity.user_id)
    notices.send(
        {each.staff_id for each in leaving}, NotificationKind.WITHDRAWN, appointment, "you are no longer asked for it"
    )
    notices.send_offers(appointment, offered, note)
    if appointment.bus_id != old_bus_id:
        notices.send(kept_ids, NotificationKind.CHANGED, appointment, "its bus has changed", f"Bus: {bus_number}")
    return appointment, warnings


def _split(
    appointment: Appointment, roles: Mapping[int, CrewRole]
) -> tuple[Sequence[Assignment], Sequence[Assignment]]:
    """Return the live assignments that the new crew keeps in the same role, and the others."""
    live = [each for each in crew_queries.charter_assignments(appointment.id) if each.status in LIVE]
    staying = [each for each in live if roles.get(each.staff_id) == each.part]
    return staying, [each for each in live if each not in staying]


def _check_turnaround(appointment: Appointment, bus_id: int) -> None:
    """Check that a bus gets here from its ride before, and to the next one in time; BusTooFar, BusBusy."""
    ride = BusRide(
        bus_id=bus_id,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        origin_stop_id=appointment.pick_up_stop_id,
        destination_stop_id=appointment.drop_off_stop_id,
        reference=appointment.reference,
    )
    try:
        turnaround.check(ride)
    except BusOnDeparture:
        raise BusBusy(pointer="/bus_id") from None


def _assign_bus(appointment: Appointment, bus_id: int | None) -> str:
    """Set the bus, and return its number, or `none yet`; UnknownBus, BusTooSmall, BusTooFar, BusBusy."""
    number = "none yet"
    if bus_id is not None:
        bus = queries.lock_bus(bus_id)
        if bus is None or not bus.active:
            raise UnknownBus("there is no such bus, or it is out of service", pointer="/bus_id")
        if bus.capacity < appointment.passengers:
            raise BusTooSmall(f"bus {bus.number} has {bus.capacity} seats", pointer="/bus_id")
        number = bus.number
        if bus_id != appointment.bus_id:
            _check_turnaround(appointment, bus_id)
    with buses.no_double_booking("/bus_id"):
        appointment.bus_id = bus_id
    return number
