"""Eligibility checks before staff are assigned: refusals are raised, warnings returned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from falconbus.platform.kit.errors import DomainError
from falconbus.scheduling.assignments import queries
from falconbus.scheduling.assignments.errors import UnknownStaff
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import Ride
from falconbus.scheduling.eligibility import assessing


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffWarning:
    """A warning about one person: does not forbid the assignment, but the dispatcher should know."""

    staff_id: int
    name: str
    code: str
    detail: str


def check_eligibility(
    roles: Mapping[int, CrewRole], ride: Ride, pointers: Mapping[int, str] | None = None
) -> list[StaffWarning]:
    """Check that staff are eligible for a ride in these roles, and return the warnings about them.

    `pointers`: JSON pointers by staff key, for the errors. UnknownStaff, StaffBusy, OnLeave, LicenceExpired, TooFar.
    """
    warnings: list[StaffWarning] = []
    for role in CrewRole:
        staff_ids = [staff_id for staff_id, own_role in roles.items() if own_role == role]
        if staff_ids:
            warnings += _check_role(staff_ids, role, ride, pointers or {})
    return warnings


def _check_role(
    staff_ids: Sequence[int], role: CrewRole, ride: Ride, pointers: Mapping[int, str]
) -> list[StaffWarning]:
    warnings: list[StaffWarning] = []
    try:
        eligibilities = assessing.assess(
            staff_ids,
            role,
            ride.starts_at,
            ride.ends_at,
            ignored_appointment_id=ride.appointment_id,
            places=ride.places,
        )
    except UnknownStaff as refusal:
        known_ids = queries.active_staff(staff_ids, role)
        raise _at(refusal, next((pointers.get(each) for each in staff_ids if each not in known_ids), None)) from None
    for staff_id in staff_ids:
        eligibility = eligibilities[staff_id]
        if eligibility.refusal is not None:
            raise _at(eligibility.refusal, pointers.get(staff_id))
        warnings += [
            StaffWarning(staff_id=staff_id, name=eligibility.name, code=warning.code, detail=warning.detail)
            for warning in eligibility.warnings
        ]
    return warnings


def _at(refusal: DomainError, pointer: str | None) -> DomainError:
    refusal.pointer = pointer
    return refusal
