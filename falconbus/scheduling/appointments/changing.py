"""Changing a charter: with other times its crew has to answer again; of other changes it is only notified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access, buses, history, policy, queries, requesting
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentItem, AppointmentStatus
from falconbus.scheduling.appointments.record import AppointmentRecord
from falconbus.scheduling.appointments.requesting import ServiceSnapshot
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus
from falconbus.scheduling.notifications import service as notifications
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message

_PLAIN_COLUMNS = ("client_name", "client_email", "client_phone", "passengers", "note")


@dataclass(frozen=True, slots=True)
class _AffectedCrew:
    """The assignments to a changed charter: those that stay, and the open offers to take over that ended with it."""

    staying: list[Assignment] = field(default_factory=list)
    released: list[Assignment] = field(default_factory=list)


def change(reference: str, identity: Identity, changes: Mapping[str, Any]) -> AppointmentRecord:
    """Change a charter until its start; what is not among the changes stays.

    `changes`: `start`, `end`, `services` (keys), `pick_up` and `drop_off` (PlaceRequest), and columns by name.
    AppointmentNotFound, ImpossibleChange, BusBusy, BusTooSmall, and what `requesting.request` raises.
    """
    appointment = access.lock_visible(reference, identity)
    now = clock.now()
    appointment.check_changeable(now)
    before = queries.get_record(appointment.id)
    snapshots = _snapshots(before, changes.get("services"))
    columns = {
        **{name: changes[name] for name in _PLAIN_COLUMNS if name in changes},
        **_place_changes(changes),
        **_time_changes(before, changes, snapshots, now),
        "currency": policy.get_currency(snapshot.currency for snapshot in snapshots),
    }
    new = {name: value for name, value in columns.items() if getattr(appointment, name) != value}
    has_other_services = [snapshot.id for snapshot in snapshots] != [service.id for service in before.services]
    if not new and not has_other_services:
        return before
    if "passengers" in new and appointment.bus_id is not None:
        policy.check_room(new["passengers"], queries.bus_capacity(appointment.bus_id))
    if has_other_services:
        db.session.execute(delete(AppointmentItem).where(AppointmentItem.appointment_id == appointment.id))
        requesting.insert_items(appointment.id, snapshots)
    has_other_times = not new.keys().isdisjoint({"starts_at", "ends_at"})
    crew = _write(appointment, new, now, has_other_times=has_other_times)
    after = queries.get_record(appointment.id)
    description = _describe_changes(before, after)
    history.record(appointment, Action.CHANGED, by_id=identity.user_id, note=description)
    _notify_crew(crew, after, description, has_other_times=has_other_times)
    return queries.get_record(appointment.id)


def _snapshots(before: AppointmentRecord, wanted: Sequence[int] | None) -> list[ServiceSnapshot]:
    """Return the snapshots of the wanted services; those that the charter has already stay as they were."""
    kept = {
        service.id: ServiceSnapshot(service.id, service.name, service.duration, service.price, before.currency)
        for service in before.services
    }
    return requesting.resolve_services(list(kept) if wanted is None else wanted, kept)


def _place_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    places = requesting.resolve_places(**{name: changes[name] for name in ("pick_up", "drop_off") if name in changes})
    columns: dict[str, Any] = {}
    for name, place in places.items():
        columns |= requesting.place_columns(name, place)
    if "pick_up" in places:
        columns["time_zone"] = places["pick_up"].time_zone
    return columns


def _time_changes(
    before: AppointmentRecord, changes: Mapping[str, Any], snapshots: Sequence[ServiceSnapshot], now: datetime
) -> dict[str, datetime]:
    if changes.keys().isdisjoint({"start", "end", "services"}):
        return {}
    start = changes.get("start", before.starts_at)
    if start != before.starts_at:
        policy.check_start(start, now)
    end = changes.get("end", start + (before.ends_at - before.starts_at))
    pointer = next(f"/{name}" for name in ("end", "services", "start") if name in changes)
    policy.check_end(start, end, policy.time_needed(snapshot.duration for snapshot in snapshots), pointer)
    return {"starts_at": start, "ends_at": end}


def _write(appointment: Appointment, new: Mapping[str, Any], now: datetime, *, has_other_times: bool) -> _AffectedCrew:
    """Write the new values, and offer the charter again for other times; BusBusy."""
    with buses.no_double_booking():
        for name, value in new.items():
            setattr(appointment, name, value)
        crew = _live_assignments(appointment)
        for assignment in crew.staying:
            assignment.origin_stop_id = appointment.pick_up_stop_id
            assignment.destination_stop_id = appointment.drop_off_stop_id
        return _offer_again(appointment, crew, now) if has_other_times else crew


def _live_assignments(appointment: Appointment) -> _AffectedCrew:
    live = select(Assignment).where(Assignment.appointment_id == appointment.id, Assignment.status.in_(LIVE))
    with db.session.no_autoflush:
        return _AffectedCrew(list(db.session.scalars(live.order_by(Assignment.id).with_for_update())))


def _offer_again(appointment: Appointment, crew: _AffectedCrew, now: datetime) -> _AffectedCrew:
    """Reset accepted assignments to offered for the new times, and withdraw open offers to take over."""
    affected = _AffectedCrew()
    minutes = get_settings().answer_minutes
    for assignment in crew.staying:
        if assignment.status == AssignmentStatus.OFFERED and assignment.replaces_id is not None:
            assignment.withdraw(at=now)
            affected.released.append(assignment)
            continue
        assignment.starts_at, assignment.ends_at = appointment.starts_at, appointment.ends_at
        if assignment.status == AssignmentStatus.ACCEPTED:
            assignment.offer_again(at=now, answer_by=min(now + timedelta(minutes=minutes), appointment.starts_at))
        elif assignment.answer_by is not None:
            assignment.answer_by = min(assignment.answer_by, appointment.starts_at)
        affected.staying.append(assignment)
    if appointment.status == AppointmentStatus.ACCEPTED:
        appointment.reopen()
    return affected


def _notify_crew(crew: _AffectedCrew, after: AppointmentRecord, description: str, *, has_other_times: bool) -> None:
    """Notify the crew; who has to answer gets the notification with their own assignment, and so its link."""
    message = Message(
        kind=NotificationKind.CHANGED, title=after.title, message=f"Changed: {description}.", appointment_id=after.id
    )
    assignment_ids = {assignment.staff_id: assignment.id for assignment in crew.staying}
    if not has_other_times:
        notifications.notify(assignment_ids, message)
        return
    text = f"{message.message}\nPlease answer again, for the new times."
    notifications.notify(assignment_ids, replace(message, message=text), assignment_ids)
    if crew.released:
        text = f"{message.message}\nYou are not asked to take it over any more."
        released = [assignment.staff_id for assignment in crew.released]
        notifications.notify(released, replace(message, kind=NotificationKind.WITHDRAWN, message=text))


def _describe_changes(before: AppointmentRecord, after: AppointmentRecord) -> str:
    """Describe the changed fields: `start Sat 28 Nov 09:00 (it was Fri 27 Nov 10:00); passengers 12 (it was 10)`."""
    old, new = (_field_texts(record, after.time_zone) for record in (before, after))
    changed = [f"{name} {new[name]} (it was {old[name]})" for name in new if new[name] != old[name]]
    if before.note != after.note:
        changed.append("the client's note")
    return "; ".join(changed)


def _field_texts(record: AppointmentRecord, time_zone: str) -> dict[str, object]:
    return {
        "start": formats.staff_moment(clock.local(record.starts_at, time_zone)),
        "end": formats.staff_moment(clock.local(record.ends_at, time_zone)),
        "pick-up": record.pick_up.name,
        "drop-off": record.drop_off.name,
        "services": ", ".join(service.name for service in record.services),
        "passengers": record.passengers,
        "client": record.client_name,
        "e-mail": record.client_email,
        "phone": record.client_phone or "none",
    }
