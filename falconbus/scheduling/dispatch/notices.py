"""What crews and operators are told of a charter: the words, and to whom they go."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import queries
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.appointments.record import AppointmentRecord
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message, notify
from falconbus.scheduling.staff_records import queries as staff_queries


def offers(appointment: Appointment, offered: Sequence[Assignment], note: str = "") -> None:
    """Ask people: all that they need to know of the charter, and each message with its own offer."""
    if not offered:
        return
    record = queries.get_record(appointment.id)
    phones = {key: person.phone for key, person in staff_queries.contacts(who.id or 0 for who in record.crew).items()}
    message = Message(
        kind=Kind.OFFERED,
        title=f"Can you take it? {record.title}",
        message=_brief(record, phones, when(appointment), note),
        appointment_id=appointment.id,
    )
    own = {each.staff_id: each.id for each in offered}
    notify(own, message, own)


def tell(
    staff_ids: Collection[int],
    kind: Kind,
    appointment: Appointment,
    happened: str,
    details: str = "",
    *,
    assignment_id: int | None = None,
) -> None:
    """Say in a line what happened to a charter, and below it when it is and what else there is to know."""
    if not staff_ids:
        return
    message = Message(
        kind=kind,
        title=f"Charter {appointment.reference}: {happened}",
        message="\n".join(filter(None, [f"Charter {appointment.reference}: {happened}.", when(appointment), details])),
        appointment_id=appointment.id,
        assignment_id=assignment_id,
    )
    notify(staff_ids, message)


def names(staff_ids: Iterable[int]) -> dict[int, str]:
    """Names by key; who has none is called by it."""
    return {key: person.name or f"No. {key}" for key, person in staff_queries.contacts(staff_ids).items()}


def when(appointment: Appointment) -> str:
    """From when to when, on the clocks of the pick-up, with their offset."""
    starts, ends = (clock.local(at, appointment.time_zone) for at in (appointment.starts_at, appointment.ends_at))
    return f"{starts:%a %d %b %Y %H:%M} to {ends:%a %d %b %Y %H:%M} (UTC{ends:%z})"


def _brief(record: AppointmentRecord, phones: Mapping[int, str | None], times: str, note: str) -> str:
    client = filter(None, [record.client_name, record.client_phone, record.client_email])
    crew = (filter(None, [f"{who.name} ({who.part})", phones.get(who.id or 0)]) for who in record.crew)
    lines = {
        "When": times,
        "From": record.pick_up.name,
        "To": record.drop_off.name,
        "Passengers": str(record.passengers),
        "Client": ", ".join(client),
        "Services": ", ".join(service.name for service in record.services),
        "Bus": record.bus_number,
        "Crew": "; ".join(", ".join(each) for each in crew),
        "The client says": record.note,
        "The office says": note,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)
