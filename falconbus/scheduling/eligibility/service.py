"""Checking people before they are put on a ride: what keeps them from it, and what to think of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from falconbus.platform.kit.errors import DomainError
from falconbus.scheduling.assignments import queries
from falconbus.scheduling.assignments.errors import UnknownStaff
from falconbus.scheduling.assignments.models import Part
from falconbus.scheduling.assignments.service import Ride
from falconbus.scheduling.eligibility import assessing


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """What does not keep somebody from a ride, and should be known."""

    staff_id: int
    name: str
    code: str
    detail: str


def check_standing(parts: Mapping[int, Part], ride: Ride, pointers: Mapping[int, str] | None = None) -> list[Warned]:
    """What to know of those who may be put on a ride; UnknownStaff and what else keeps somebody from it."""
    warned: list[Warned] = []
    for part in Part:
        staff_ids = [staff_id for staff_id, does in parts.items() if does == part]
        if staff_ids:
            warned += _check_part(staff_ids, part, ride, pointers or {})
    return warned


def _check_part(staff_ids: Sequence[int], part: Part, ride: Ride, pointers: Mapping[int, str]) -> list[Warned]:
    warned: list[Warned] = []
    try:
        standings = assessing.assess(staff_ids, part, ride.starts_at, ride.ends_at, besides=ride.appointment_id)
    except UnknownStaff as refusal:
        working = queries.working(staff_ids, part)
        raise _at(refusal, next((pointers.get(each) for each in staff_ids if each not in working), None)) from None
    for staff_id in staff_ids:
        found = standings[staff_id]
        if found.refusal is not None:
            raise _at(found.refusal, pointers.get(staff_id))
        warned += [
            Warned(staff_id=staff_id, name=found.name, code=caution.code, detail=caution.detail)
            for caution in found.cautions
        ]
    return warned


def _at(refusal: DomainError, pointer: str | None) -> DomainError:
    refusal.pointer = pointer
    return refusal
