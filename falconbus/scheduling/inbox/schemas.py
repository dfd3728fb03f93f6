"""Request and response schemas of notifications."""

from datetime import datetime
from typing import Annotated, Any, Self

import msgspec
from pydantic import Field

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import CursorQuery, Page
from falconbus.platform.kit import clock
from falconbus.platform.kit.schema import Body, Secret
from falconbus.scheduling.appointments.schemas import PersonOut, RejectionOut
from falconbus.scheduling.notifications.models import NotificationKind


class NotificationsQuery(CursorQuery):
    """All, or with `unread=true` those that wait to be read."""

    unread: bool = False


class ReadIn(Body):
    """Up to which notification; without it all."""

    up_to: Annotated[int, Field(gt=0, le=2**63 - 1)] | None = None


class PreferencesIn(Body):
    """Whether notifications come by mail, too."""

    wants_mail: bool


class PreferencesOut(msgspec.Struct):
    """Whether notifications come by mail, too."""

    wants_mail: bool


class ReadOut(msgspec.Struct):
    """How many were marked as read."""

    read: int


class UnreadOut(msgspec.Struct):
    """How many wait to be read."""

    unread: int


class AboutOut(msgspec.Struct):
    """The charter that is told of; `start` has the offset of its pick-up's time zone."""

    reference: str
    status: str
    start: datetime


class NotificationLineOut(msgspec.Struct):
    """A notification in a list."""

    id: int
    kind: str
    title: str
    read: bool
    created_at: datetime
    appointment: AboutOut | None
    schedule_id: int | None
    rejection: RejectionOut | None

    @classmethod
    def of(cls, row: AnyRow, **more: Any) -> Self:
        return cls(
            id=row.key,
            kind=row.kind,
            title=row.title,
            read=row.unread_id is None,
            created_at=row.created_at,
            appointment=_appointment(row),
            schedule_id=row.schedule_id,
            rejection=_rejection(row),
            **more,
        )


class NotificationOut(NotificationLineOut):
    """A notification with all of its text; `answer_url` while it asks something of its reader."""

    message: str
    answer_url: Secret | None


class NotificationPage(Page[NotificationLineOut]):
    """A page of notifications; `unread` and `total` are of all of them."""

    unread: int = 0
    total: int = 0


def _appointment(row: AnyRow) -> AboutOut | None:
    if row.reference is None:
        return None
    return AboutOut(row.reference, row.status, clock.local(row.starts_at, row.time_zone))


def _rejection(row: AnyRow) -> RejectionOut | None:
    if row.kind != NotificationKind.REJECTED or row.rejected_by_id is None:
        return None
    return RejectionOut(PersonOut(row.rejected_by_id, row.rejected_by), row.reason or "")
