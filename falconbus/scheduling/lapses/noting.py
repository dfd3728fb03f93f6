"""Noting what does not hold of rides to come, and telling the office once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.lapses.conditions import Subject, find_lapses
from falconbus.scheduling.lapses.models import OF_BUSES, OF_PAIRS, Lapse, LapseKind
from falconbus.scheduling.lapses.pairs import find_clashes
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify, operators

_MOST_LISTED = 50
_TITLES = {
    LapseKind.BUS_OUT_OF_SERVICE: "Out of service, and due on a ride",
    LapseKind.BUS_OVERLAP: "A bus is due on two rides at a time",
    LapseKind.BUS_TOO_FAR: "A bus cannot be where its next ride begins",
    LapseKind.STAFF_TOO_FAR: "Somebody cannot be where their next ride begins",
    LapseKind.LICENCE_EXPIRED: "A licence does not hold to the end of a ride",
    LapseKind.ON_LEAVE: "On leave, and due on a ride",
    LapseKind.UNSERVED: "A charter's start has passed, and nobody has taken it",
    LapseKind.NOT_CLOSED: "A charter's time is over, and nobody has said that it is done",
}


class _Key(NamedTuple):
    """What a lapse is about; unique in the table."""

    kind: str
    staff_id: int | None
    bus_id: int | None
    appointment_id: int | None
    schedule_id: int | None


_KEY_COLUMNS = [getattr(Lapse, name) for name in _Key._fields]


def note_lapses() -> int:
    """Compare what holds now with what is noted; tell the operators of what is new, and return how many that are.

    One message for each kind, whatever the number. What holds again is forgotten, and told anew if it lapses again.
    """
    return note(find_lapses(), set(LapseKind) - OF_PAIRS)


def note_clashes() -> int:
    """The same for rides of one bus or person that do not go together."""
    return note(find_clashes(), OF_PAIRS)


def note(found: Iterable[Subject], kinds: Collection[LapseKind]) -> int:
    """Note that these are all the lapses of their kinds, tell the operators of new ones, and return how many."""
    present: dict[_Key, str] = {}
    for subject in found:
        present.setdefault(_key(subject), describe(subject))
    noted = select(Lapse.id, Lapse.detail, *_KEY_COLUMNS).where(Lapse.kind.in_(kinds))
    over: list[int] = []
    for row in db.session.execute(noted):
        detail = present.get(_Key(*(getattr(row, name) for name in _Key._fields)))
        if detail is None:
            over.append(row.id)
        elif detail != row.detail:
            db.session.execute(update(Lapse).where(Lapse.id == row.id).values(detail=detail))
    db.session.execute(delete(Lapse).where(Lapse.id.in_(over)))
    new = _insert(present)
    for kind in LapseKind:
        details = [present[key] for key in present if key in new and key.kind == kind]
        if details:
            notify(operators(), _message(kind, details))
    return len(new)


def describe(subject: Subject) -> str:
    """Describe a lapse on one line: `Johannesburg - Durban, Fri 18 Dec 07:00: bus FB-2 is out of service`."""
    ride = subject.route_name or f"Charter {subject.reference}"
    when = formats.staff_moment(clock.local(subject.starts_at, subject.time_zone))
    return f"{ride}, {when}: {_WORDS[subject.kind].format(name=subject.staff_name, bus=subject.bus_number)}"


_WORDS = {
    LapseKind.BUS_OUT_OF_SERVICE: "bus {bus} is out of service",
    LapseKind.BUS_OVERLAP: "bus {bus} is on another ride then",
    LapseKind.BUS_TOO_FAR: "bus {bus} cannot be there in time from where its ride before ends",
    LapseKind.STAFF_TOO_FAR: "{name} cannot be there in time from the ride before",
    LapseKind.LICENCE_EXPIRED: "{name} has no licence that holds until the end of the ride",
    LapseKind.ON_LEAVE: "{name} is on leave",
    LapseKind.UNSERVED: "nobody has taken it",
    LapseKind.NOT_CLOSED: "nobody has said that it is done",
}


def _key(subject: Subject) -> _Key:
    if subject.kind in OF_BUSES:
        return _Key(subject.kind, None, subject.bus_id, None, None)
    # A charter's bus may change while nobody has taken it: that is no other lapse.
    bus_id = subject.bus_id if subject.kind == LapseKind.BUS_OUT_OF_SERVICE else None
    return _Key(subject.kind, subject.staff_id, bus_id, subject.appointment_id, subject.schedule_id)


def _insert(present: Mapping[_Key, str]) -> set[_Key]:
    """Insert what is not there yet, and return what was not; of two runs at once one inserts it."""
    if not present:
        return set()
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {**key._asdict(), "detail": detail, "found_at": now} for key, detail in present.items()
    ]
    statement = insert(Lapse).on_conflict_do_nothing().returning(*_KEY_COLUMNS)
    return {_Key(*row) for row in db.session.execute(statement, rows)}


def _message(kind: LapseKind, details: list[str]) -> Message:
    lines = details[:_MOST_LISTED]
    if len(details) > _MOST_LISTED:
        lines.append(f"and {len(details) - _MOST_LISTED} more")
    title = _TITLES[kind] if len(details) == 1 else f"{_TITLES[kind]} ({len(details)})"
    return Message(kind=NotificationKind.LAPSED, title=title, message="\n".join(lines))
