"""Reads of lapses."""

from sqlalchemy import select

from falconbus.accounts.models import User
from falconbus.network.models import Bus
from falconbus.platform.database.engine import AnySelect
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.lapses.models import Lapse, LapseKind


def lapses(kind: LapseKind | None) -> AnySelect:
    """Return the select of lapses, of one kind or of all; page it by Lapse.id."""
    statement = (
        select(
            Lapse.id.label("key"),
            Lapse.kind,
            Lapse.detail,
            Lapse.staff_id,
            User.name.label("staff_name"),
            Bus.id.label("bus_id"),
            Bus.number.label("bus_number"),
            Appointment.reference,
            Lapse.schedule_id,
            Lapse.found_at,
        )
        .outerjoin(User, User.id == Lapse.staff_id)
        .outerjoin(Bus, Bus.id == Lapse.bus_id)
        .outerjoin(Appointment, Appointment.id == Lapse.appointment_id)
    )
    return statement if kind is None else statement.where(Lapse.kind == kind)
