"""An operator changes a charter: other times have to be answered again, everything else the crew is only told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access, buses, history, policy, queries, requesting
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentService, AppointmentStatus
from falconbus.scheduling.appointments.record import AppointmentRecord, moment_in_words
from falconbus.scheduling.appointments.requesting import Promise
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus
from falconbus.scheduling.notifications import service as notifications
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message

_PLAIN = ("client_name", "client_email", "client_phone", "passengers", "note")


@dataclass(frozen=True, slots=True)
class _Crew:
    """Who is on a charter after the change, and whose pending hand-over ended with it."""

    staying: list[Assignment] = field(default_factory=list)
    released: list[Assignment] = field(default_factory=list)


def change(reference: str, identity: Identity, changes: Mapping[str, Any]) -> AppointmentRecord:
    """Change a charter until it begins; what is not among the changes stays.

    `start`, `end`, `services` (keys), `pick_up` and `drop_off` (WantedPlace), and plain columns. AppointmentNotFound,
    ImpossibleChange, BusBusy, BusTooSmall, and what `requesting.request` raises.
    """
    appointment = access.lock_visible(reference, identity)
    appointment.check_changeable()
    before = queries.get_record(appointment.id)
    now = clock.now()
    promises = _promises(before, changes.get("services"))
    columns = {
        **{name: changes[name] for name in _PLAIN if name in changes},
        **_places(changes),
        **_times(before, changes, promises, now),
        "currency": policy.get_currency(promise.currency for promise in promises),
    }
    new = {name: value for name, value in columns.items() if getattr(appointment, name) != value}
    has_other_services = [promise.id for promise in promises] != [service.id for service in before.services]
    if not new and not has_other_services:
        return before
    if "passengers" in new and appointment.bus_id is not None:
        policy.check_room(new["passengers"], queries.seats_of(appointment.bus_id))
    if has_other_services:
        db.session.execute(delete(AppointmentService).where(AppointmentService.appointment_id == appointment.id))
        requesting.promise(appointment.id, promises)
    has_other_times = not new.keys().isdisjoint({"starts_at", "ends_at"})
    crew = _write(appointment, new, now, has_other_times=has_other_times)
    after = queries.get_record(appointment.id)
    words = _in_words(before, after)
    history.record(appointment, Action.CHANGED, by_id=identity.user_id, note=words)
    _tell(crew, after, words, has_other_times=has_other_times)
    return queries.get_record(appointment.id)


def _promises(before: AppointmentRecord, wanted: Sequence[int] | None) -> list[Promise]:
    """Services that stay are promised as they were, whatever they cost now."""
    kept = {
        service.id: Promise(service.id, service.name, service.duration, service.price, before.currency)
        for service in before.services
    }
    return requesting.find_services(list(kept) if wanted is None else wanted, kept)


def _places(changes: Mapping[str, Any]) -> dict[str, Any]:
    found = requesting.find_places(**{name: changes[name] for name in ("pick_up", "drop_off") if name in changes})
    columns: dict[str, Any] = {}
    for name, place in found.items():
        columns |= requesting.place_columns(name, place)
    if "pick_up" in found:
        columns["time_zone"] = found["pick_up"].time_zone
    return columns


def _times(
    before: AppointmentRecord, changes: Mapping[str, Any], promises: Sequence[Promise], now: datetime
) -> dict[str, datetime]:
    if changes.keys().isdisjoint({"start", "end", "services"}):
        return {}
    start = changes.get("start", before.starts_at)
    if start != before.starts_at:
        policy.check_start(start, now)
    end = changes.get("end", start + (before.ends_at - before.starts_at))
    pointer = next(f"/{name}" for name in ("end", "services", "start") if name in changes)
    policy.check_end(start, end, policy.time_needed(promise.duration for promise in promises), pointer)
    return {"starts_at": start, "ends_at": end}


def _write(appointment: Appointment, new: Mapping[str, Any], now: datetime, *, has_other_times: bool) -> _Crew:
    """BusBusy when its bus is on another ride at the new times."""
    with buses.on_one_ride():
        for name, value in new.items():
            setattr(appointment, name, value)
        crew = _crew(appointment)
        return _ask_again(appointment, crew, now) if has_other_times else crew


def _crew(appointment: Appointment) -> _Crew:
    live = select(Assignment).where(Assignment.appointment_id == appointment.id, Assignment.status.in_(LIVE))
    with db.session.no_autoflush:
        return _Crew(list(db.session.scalars(live.order_by(Assignment.id).with_for_update())))


def _ask_again(appointment: Appointment, crew: _Crew, now: datetime) -> _Crew:
    """Who has accepted, accepted other times; who was to take over from them has nothing to take over."""
    asked = _Crew()
    minutes = get_settings().answer_minutes
    for assignment in crew.staying:
        if assignment.status == AssignmentStatus.OFFERED and assignment.replaces_id is not None:
            assignment.withdraw(at=now)
            asked.released.append(assignment)
            continue
        assignment.starts_at, assignment.ends_at = appointment.starts_at, appointment.ends_at
        if assignment.status == AssignmentStatus.ACCEPTED:
            assignment.offer_again(at=now, answer_by=min(now + timedelta(minutes=minutes), appointment.starts_at))
        elif assignment.answer_by is not None:
            assignment.answer_by = min(assignment.answer_by, appointment.starts_at)
        asked.staying.append(assignment)
    if appointment.status == AppointmentStatus.ACCEPTED:
        appointment.reopen()
    return asked


def _tell(crew: _Crew, after: AppointmentRecord, words: str, *, has_other_times: bool) -> None:
    """Whoever has to answer gets a message of their own, from which they can."""
    message = Message(kind=Kind.CHANGED, title=after.title, message=f"Changed: {words}.", appointment_id=after.id)
    own = {assignment.staff_id: assignment.id for assignment in crew.staying}
    if not has_other_times:
        notifications.notify(own, message)
        return
    text = f"{message.message}\nPlease answer again, for the new times."
    notifications.notify(own, replace(message, message=text), own)
    if crew.released:
        text = f"{message.message}\nYou are not asked to take it over any more."
        released = [assignment.staff_id for assignment in crew.released]
        notifications.notify(released, replace(message, kind=Kind.WITHDRAWN, message=text))


def _in_words(before: AppointmentRecord, after: AppointmentRecord) -> str:
    """`start Sat 28 Nov 09:00 (it was Fri 27 Nov 10:00); passengers 12 (it was 10)`."""
    old, new = (_sides(record, after.time_zone) for record in (before, after))
    changed = [f"{name} {new[name]} (it was {old[name]})" for name in new if new[name] != old[name]]
    if before.note != after.note:
        changed.append("the client's note")
    return "; ".join(changed)


def _sides(record: AppointmentRecord, time_zone: str) -> dict[str, object]:
    return {
        "start": moment_in_words(record.starts_at, time_zone),
        "end": moment_in_words(record.ends_at, time_zone),
        "pick-up": record.pick_up.name,
        "drop-off": record.drop_off.name,
        "services": ", ".join(service.name for service in record.services),
        "passengers": record.passengers,
        "client": record.client_name,
        "e-mail": record.client_email,
        "phone": record.client_phone or "none",
    }
