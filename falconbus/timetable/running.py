"""Whether a departure runs: the one definition, for all who ask what a bus or a crew is due on."""

from falconbus.timetable import occupancy


def runs(schedule: str = "schedules") -> str:
    """Return the SQL condition that a departure runs: it is on sale, or off sale with tickets sold.

    `schedule` is what the statement calls the table. One that is cancelled does not run.
    """
    return f"""({schedule}.active OR {schedule}.cancelled_at IS NULL AND EXISTS (
        SELECT FROM ({occupancy.seats().sold()}) AS sold WHERE sold.schedule_id = {schedule}.id))"""
