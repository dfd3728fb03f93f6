"""Giving a charter its crew and its bus."""

from collections.abc import Mapping, Sequence

from falconbus.network.errors import UnknownBus
from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access, buses, history
from falconbus.scheduling.appointments.errors import BusTooSmall
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import LIVE, Assignment, Part
from falconbus.scheduling.assignments.service import Crew
from falconbus.scheduling.dispatch import notices, offering, queries
from falconbus.scheduling.eligibility import service as eligibility
from falconbus.scheduling.eligibility.service import Warned
from falconbus.scheduling.notifications.models import Kind


def assign(
    reference: str, identity: Identity, *, crew: Crew, bus_id: int | None, note: str = ""
) -> tuple[Appointment, list[Warned]]:
    """Choose (anew) who works on a charter, and its bus; what to know of them comes with it.

    Who is on it and stays, stays as they are; the others are taken off it; who is new is asked. AppointmentNotFound,
    ImpossibleChange, UnknownStaff, StaffBusy, OnLeave, LicenceExpired, UnknownBus, BusTooSmall, BusBusy.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    was_accepted, old_bus_id = appointment.status == AppointmentStatus.ACCEPTED, appointment.bus_id
    crews.check_distinct(crew)
    appointment.assign(operator_id=identity.user_id or 0)
    offering.check_ahead(appointment, now)
    warned = eligibility.check_standing(crew.parts, offering.ride_of(appointment), crew.pointers)
    bus_number = _give_bus(appointment, bus_id)
    staying, leaving = _split(appointment, crew.parts)
    crews.withdraw(leaving, at=now)
    for each in staying:
        each.replaces_id = None
    kept = {each.staff_id for each in staying}
    wanted = {staff_id: part for staff_id, part in crew.parts.items() if staff_id not in kept}
    offered = offering.offer(appointment, wanted, at=now)
    if crews.is_settled([*staying, *offered]):
        appointment.accept()
    history.record(appointment, Action.ASSIGNED, by_id=identity.user_id, note=note)
    if appointment.status == AppointmentStatus.ACCEPTED and not was_accepted:
        history.record(appointment, Action.ACCEPTED, by_id=identity.user_id)
    notices.tell({each.staff_id for each in leaving}, Kind.WITHDRAWN, appointment, "you are no longer asked for it")
    notices.offers(appointment, offered, note)
    if appointment.bus_id != old_bus_id:
        notices.tell(kept, Kind.CHANGED, appointment, "its bus has changed", f"Bus: {bus_number}")
    return appointment, warned


def _split(appointment: Appointment, parts: Mapping[int, Part]) -> tuple[Sequence[Assignment], Sequence[Assignment]]:
    """Who is on a charter and does the same in its new crew, and who is not."""
    live = [each for each in crew_queries.on_charter(appointment.id) if each.status in LIVE]
    staying = [each for each in live if parts.get(each.staff_id) == each.part]
    return staying, [each for each in live if each not in staying]


def _give_bus(appointment: Appointment, bus_id: int | None) -> str:
    """The number of the bus, or in words that there is none."""
    number = "none yet"
    if bus_id is not None:
        bus = queries.lock_bus(bus_id)
        if bus is None or not bus.active:
            raise UnknownBus("there is no such bus, or it is out of service", pointer="/bus_id")
        if bus.capacity < appointment.passengers:
            raise BusTooSmall(f"bus {bus.number} has {bus.capacity} seats", pointer="/bus_id")
        number = bus.number
    with buses.on_one_ride("/bus_id"):
        appointment.bus_id = bus_id
    return number
