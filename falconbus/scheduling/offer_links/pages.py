"""What the page shows of a ride and of the question whether somebody takes it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.eligibility.assessing import Eligibility
from falconbus.scheduling.offer_links import policy
from falconbus.scheduling.rosters.duties import Duty

_OVER = {AppointmentStatus.CANCELLED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED}


class Colleague(NamedTuple):
    """Somebody who is free; `words` tell how rested they are, and what speaks against it."""

    id: int
    words: str

    @classmethod
    def of(cls, free: Eligibility) -> "Colleague":
        rest = (
            "free for two weeks before"
            if free.rest_before is None
            else f"{formats.hours_first_duration(free.rest_before)} of rest before"
        )
        concerns = "; ".join(warning.detail for warning in free.warnings)
        return cls(free.staff_id, f"{free.name} ({rest}{'; ' + concerns if concerns else ''})")


@dataclass(kw_only=True, slots=True)
class AnswerPage:
    """A ride, and what its reader can still answer. Times are local to where it begins."""

    name: str
    duty: Duty
    #: What is told first: a status of the assignment, or of a charter that is over for its crew.
    state: str
    answer_by: datetime | None
    reason: str | None
    cancellation_reason: str | None
    #: Who hands it over to the reader, and whom the reader has asked to take over.
    asked_by: str | None
    asks: str | None
    can_accept: bool
    can_reject: bool
    can_hand_over: bool
    colleagues: list[Colleague] = field(default_factory=list)

    @classmethod
    def of(cls, asked: AnyRow, duty: Duty) -> "AnswerPage":
        is_over = asked.charter_status in _OVER
        status = (asked.status, asked.charter_status)
        return cls(
            name=asked.name,
            duty=duty,
            state=asked.charter_status if is_over else asked.status,
            answer_by=asked.answer_by and asked.answer_by.astimezone(duty.begins.tzinfo),
            reason=asked.reason,
            cancellation_reason=asked.cancellation_reason,
            asked_by=asked.asked_by,
            asks=asked.asks,
            can_accept=policy.can_accept(*status),
            can_reject=policy.can_reject(*status),
            can_hand_over=policy.can_hand_over(*status, was_handed_on=asked.asked_by is not None),
        )

    @property
    def is_late(self) -> bool:
        """The time to answer has run out; it can be answered all the same."""
        return self.answer_by is not None and self.answer_by <= clock.now()

    def offer_colleagues(self, free: Iterable[Eligibility]) -> None:
        self.colleagues = [Colleague.of(each) for each in free]
