"""Appointment notices: what crews and operators are notified of a charter."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import queries
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.appointments.record import AppointmentRecord
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from falconbus.scheduling.staff_records import queries as staff_queries


def send_offers(appointment: Appointment, offered: Sequence[Assignment], note: str = "") -> None:
    """Notify staff of their offers of a charter, with all details, each with their own assignment."""
    if not offered:
        return
    record = queries.get_record(appointment.id)
    contacts = staff_queries.contacts(member.id or 0 for member in record.crew)
    phones = {key: contact.phone for key, contact in contacts.items()}
    message = Message(
        kind=NotificationKind.OFFERED,
        title=f"Can you take it? {record.title}",
        message=_details(record, phones, format_time(appointment), note),
        appointment_id=appointment.id,
    )
    assignment_ids = {each.staff_id: each.id for each in offered}
    notify(assignment_ids, message, assignment_ids)


def send(
    staff_ids: Collection[int],
    kind: NotificationKind,
    appointment: Appointment,
    event: str,
    details: str = "",
    *,
    assignment_id: int | None = None,
) -> None:
    """Notify staff of an event of a charter: a title with the event; a text with event, time and details."""
    if not staff_ids:
        return
    message = Message(
        kind=kind,
        title=f"Charter {appointment.reference}: {event}",
        message="\n".join(
            filter(None, [f"Charter {appointment.reference}: {event}.", format_time(appointment), details])
        ),
        appointment_id=appointment.id,
        assignment_id=assignment_id,
    )
    notify(staff_ids, message)


def names(staff_ids: Iterable[int]) -> dict[int, str]:
    """Return names of staff by key; `No. <key>` for somebody without a name."""
    return {key: person.name or f"No. {key}" for key, person in staff_queries.contacts(staff_ids).items()}


def format_time(appointment: Appointment) -> str:
    """Format start and end of a charter in its local time, with the UTC offset at the end."""
    starts, ends = (clock.local(at, appointment.time_zone) for at in (appointment.starts_at, appointment.ends_at))
    return formats.staff_period(starts, ends)


def _details(record: AppointmentRecord, phones: Mapping[int, str | None], times: str, note: str) -> str:
    client = filter(None, [record.client_name, record.client_phone, record.client_email])
    crew = (filter(None, [f"{member.name} ({member.part})", phones.get(member.id or 0)]) for member in record.crew)
    fields = {
        "When": times,
        "From": record.pick_up.name,
        "To": record.drop_off.name,
        "Passengers": str(record.passengers),
        "Client": ", ".join(client),
        "Services": ", ".join(service.name for service in record.services),
        "Bus": record.bus_number,
        "Crew": "; ".join(", ".join(contact) for contact in crew),
        "The client says": record.note,
        "The office says": note,
    }
    return "\n".join(f"{name}: {value}" for name, value in fields.items() if value)
