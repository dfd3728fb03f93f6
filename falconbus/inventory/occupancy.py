"""The reads of seats sold or held, for the timetable and the crews, which do not know seat claims."""

from datetime import datetime

from sqlalchemy import or_, select

from falconbus.inventory.models import SeatClaim
from falconbus.platform.database.engine import AnySelect
from falconbus.timetable.occupancy import SeatReads


def _sold() -> AnySelect:
    return select(SeatClaim.schedule_id, SeatClaim.seat_number).where(SeatClaim.held_until.is_(None))


def _taken(now: datetime) -> AnySelect:
    is_live = or_(SeatClaim.held_until.is_(None), SeatClaim.held_until > now)
    return select(SeatClaim.schedule_id, SeatClaim.seat_number).where(is_live)


SEAT_READS = SeatReads(taken=_taken, sold=_sold)
