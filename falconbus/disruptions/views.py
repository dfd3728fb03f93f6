"""Addresses for the days on which things go wrong."""

from flask import Blueprint

from falconbus.disruptions import withdrawing
from falconbus.disruptions.permissions import CANCEL_DEPARTURES
from falconbus.disruptions.schemas import WithdrawalOut, WithdrawIn, WithdrawQuery
from falconbus.platform.web.operations import operation
from falconbus.timetable.errors import AlreadyCancelled, Departed, ScheduleNotFound

bp = Blueprint("disruptions", __name__, url_prefix="/api/v1")


@operation(
    bp.post("/schedules/<id:schedule_id>/cancel"),
    who=CANCEL_DEPARTURES,
    takes=WithdrawIn,
    asks=WithdrawQuery,
    gives={200: WithdrawalOut},
    refuses=(ScheduleNotFound, Departed, AlreadyCancelled),
    idempotent=True,
    budget=26,
)
def cancel_departure(schedule_id: int, query: WithdrawQuery, body: WithdrawIn) -> WithdrawalOut:
    """Cancel a departure for good: everybody on it is told and gets everything back, and its crew is free.

    With `preview=1` nothing changes.
    """
    if query.preview == "1":
        return WithdrawalOut.of(withdrawing.preview(schedule_id), cancelled=False)
    return WithdrawalOut.of(withdrawing.withdraw(schedule_id, body.reason), cancelled=True)
